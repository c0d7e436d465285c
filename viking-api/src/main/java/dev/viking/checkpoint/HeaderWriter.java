package dev.viking.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** Turns a header into the bytes that come before the data. */
final class HeaderWriter {
  private static final int ALIGNMENT = 8;

  private HeaderWriter() {}

  /** JSON in UTF-8, filled up with spaces so that the data starts at a multiple of eight bytes. */
  static byte[] write(Header header) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      if (!header.metadata().isEmpty()) {
        json.writeObjectFieldStart(Header.METADATA_KEY);
        for (Map.Entry<String, String> text : header.metadata().entrySet()) {
          json.writeStringField(text.getKey(), text.getValue());
        }
        json.writeEndObject();
      }
      for (CheckpointEntry entry : header.entries().values()) {
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", SafetensorsTypes.nameOf(entry.dtype()));
        json.writeArrayFieldStart("shape");
        for (long size : entry.shape()) {
          json.writeNumber(size);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(entry.offset());
        json.writeNumber(entry.offset() + entry.byteSize());
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    byte[] bytes = out.toByteArray();
    int padded = Math.ceilDiv(bytes.length, ALIGNMENT) * ALIGNMENT;
    byte[] result = Arrays.copyOf(bytes, padded);
    Arrays.fill(result, bytes.length, padded, (byte) ' ');
    return result;
  }
}
