package dev.viking.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.viking.torch.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and checks one header. One thread at a time. */
final class HeaderReader {
  private static final int MAX_DEPTH = 3;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(20)
                  .maxStringLength((int) Header.MAX_BYTES)
                  .maxNameLength((int) Header.MAX_BYTES)
                  .build())
          .build();

  private final Path file;
  private final long dataBytes;
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, CheckpointEntry> entries = new LinkedHashMap<>();
  private final Map<String, String> foreign = new LinkedHashMap<>();
  private final List<Span> spans = new ArrayList<>();

  /** Where an array of any type lies. */
  private record Span(String name, long offset, long byteSize) {}

  private HeaderReader(Path file, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
  }

  /**
   * Reads a header.
   *
   * @param file for messages
   * @param header the header's bytes
   * @param dataBytes how many bytes follow it in the file
   */
  static Header read(Path file, byte[] header, long dataBytes) {
    HeaderReader reader = new HeaderReader(file, dataBytes);
    try (JsonParser json = JSON.createParser(reader.decode(header))) {
      reader.object(json);
    } catch (JsonProcessingException e) {
      throw reader.malformed("its header is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw reader.malformed("its header cannot be parsed: " + e.getMessage(), e);
    }
    reader.checkLayout();
    return new Header(
        reader.metadata,
        reader.entries,
        reader.foreign,
        reader.spans.stream().map(Span::name).toList());
  }

  private String decode(byte[] header) {
    if (header.length == 0 || header[0] != '{') {
      throw malformed("its header does not start with '{'", null);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
    } catch (CharacterCodingException e) {
      throw malformed("its header is not valid UTF-8", e);
    }
  }

  private void object(JsonParser json) throws IOException {
    need(json.nextToken(), JsonToken.START_OBJECT, "the header");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      need(json.nextToken(), JsonToken.START_OBJECT, "entry \"" + name + "\"");
      if (name.equals(Header.METADATA_KEY)) {
        texts(json);
      } else {
        entry(json, name);
      }
    }
    if (json.nextToken() != null) {
      throw malformed("its header goes on after the closing brace", null);
    }
  }

  private void texts(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      need(json.nextToken(), JsonToken.VALUE_STRING, "metadata \"" + key + "\"");
      metadata.put(key, json.getText());
    }
  }

  private void entry(JsonParser json, String name) throws IOException {
    String dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      switch (field) {
        case "dtype" -> {
          need(json.nextToken(), JsonToken.VALUE_STRING, "dtype of \"" + name + "\"");
          dtype = json.getText();
        }
        case "shape" -> shape = numbers(json, "shape of \"" + name + "\"");
        case "data_offsets" -> offsets = numbers(json, "data_offsets of \"" + name + "\"");
        default ->
            throw malformed("entry \"" + name + "\" has an unknown field \"" + field + "\"", null);
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw malformed("entry \"" + name + "\" lacks dtype, shape or data_offsets", null);
    }
    add(name, dtype, shape, offsets);
  }

  private List<Long> numbers(JsonParser json, String where) throws IOException {
    need(json.nextToken(), JsonToken.START_ARRAY, where);
    List<Long> values = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      need(json.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
      long value = json.getLongValue();
      if (value < 0) {
        throw malformed(where + ": given " + value + "; needed at least 0", null);
      }
      values.add(value);
    }
    return values;
  }

  private void add(String name, String dtype, List<Long> shape, List<Long> offsets) {
    DType known = SafetensorsTypes.typeOf(dtype);
    int bits = known == null ? SafetensorsTypes.foreignBits(dtype) : Byte.SIZE * known.byteSize();
    if (bits == 0) {
      throw malformed(
          "entry \""
              + name
              + "\": given dtype "
              + dtype
              + ", which is none of the format's; needed "
              + SafetensorsTypes.KNOWN,
          null);
    }
    if (offsets.size() != 2 || offsets.get(0) > offsets.get(1) || offsets.get(1) > dataBytes) {
      throw malformed(
          "entry \""
              + name
              + "\": given data_offsets "
              + offsets
              + "; needed a begin and an end within the file's "
              + dataBytes
              + " data bytes",
          null);
    }
    long given = offsets.get(1) - offsets.get(0);
    // Whole bytes first: bits of large shapes would overflow sooner.
    boolean packed = bits % Byte.SIZE != 0;
    long needed = packed ? bits : bits / Byte.SIZE;
    try {
      for (long size : shape) {
        needed = Math.multiplyExact(needed, size);
      }
    } catch (ArithmeticException e) {
      throw malformed("entry \"" + name + "\": the sizes " + shape + " overflow", e);
    }
    if (packed && needed % Byte.SIZE != 0) {
      throw malformed(
          "entry \""
              + name
              + "\": given "
              + needed
              + " bits for "
              + dtype
              + " "
              + shape
              + "; needed whole bytes",
          null);
    }
    needed = packed ? needed / Byte.SIZE : needed;
    if (given != needed) {
      throw malformed(
          "entry \""
              + name
              + "\": given "
              + given
              + " bytes; needed "
              + needed
              + " for "
              + (known == null ? dtype : known)
              + " "
              + shape,
          null);
    }
    spans.add(new Span(name, offsets.get(0), given));
    if (known == null) {
      foreign.put(name, dtype);
    } else {
      entries.put(name, new CheckpointEntry(name, known, shape, offsets.get(0), given));
    }
  }

  // Every byte belongs to exactly one array: no overlap, no hole, nothing at the end.
  private void checkLayout() {
    List<Span> ordered = new ArrayList<>(spans);
    ordered.sort(Comparator.comparingLong(Span::offset).thenComparingLong(Span::byteSize));
    long end = 0;
    for (Span entry : ordered) {
      if (entry.offset() != end) {
        throw malformed(
            "entry \""
                + entry.name()
                + "\" starts at data byte "
                + entry.offset()
                + "; needed "
                + end
                + " ("
                + (entry.offset() < end ? "it overlaps another entry" : "there is a gap before it")
                + ")",
            null);
      }
      end += entry.byteSize();
    }
    if (end != dataBytes) {
      throw malformed(
          "given " + dataBytes + " data bytes; needed " + end + ", the end of the last entry",
          null);
    }
  }

  private void need(@Nullable JsonToken given, JsonToken needed, String where) {
    if (given != needed) {
      throw malformed(where + ": given " + given + "; needed " + needed, null);
    }
  }

  private MalformedCheckpointException malformed(String reason, @Nullable Throwable cause) {
    MalformedCheckpointException exception = new MalformedCheckpointException(file, reason);
    if (cause != null) {
      exception.initCause(cause);
    }
    return exception;
  }
}
