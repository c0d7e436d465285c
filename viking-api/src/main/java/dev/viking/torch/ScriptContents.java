package dev.viking.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a TorchScript module holds; immutable.
 *
 * @param parameters in the order of {@code named_parameters()}, each once
 * @param shared further names of parameters, and the name under which the parameter is listed
 * @param buffers tensors that are constants of the function
 * @param inputs the arguments of forward
 */
public record ScriptContents(
    List<Entry> parameters, Map<String, String> shared, List<Entry> buffers, List<Input> inputs) {

  /**
   * A named tensor.
   *
   * @param name such as {@code body.0.weight}
   * @param shape its sizes (copied)
   * @param dtype its element type
   * @param requiresGrad whether it was trained where it comes from
   */
  @SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
  public record Entry(String name, long[] shape, DType dtype, boolean requiresGrad) {
    /** Copies the sizes. */
    public Entry {
      shape = shape.clone();
    }

    /**
     * The sizes.
     *
     * @return a fresh array
     */
    @Override
    public long[] shape() {
      return shape.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Entry that
          && name.equals(that.name)
          && Arrays.equals(shape, that.shape)
          && dtype == that.dtype
          && requiresGrad == that.requiresGrad;
    }

    @Override
    public int hashCode() {
      return 31 * name.hashCode() + Arrays.hashCode(shape);
    }

    @Override
    public String toString() {
      return name + Arrays.toString(shape) + " " + dtype;
    }
  }

  /**
   * An argument of forward.
   *
   * @param name its name
   * @param optional whether it may be left out
   */
  public record Input(String name, boolean optional) {}

  /** Copies the lists. */
  public ScriptContents {
    parameters = List.copyOf(parameters);
    shared = Collections.unmodifiableMap(new LinkedHashMap<>(shared));
    buffers = List.copyOf(buffers);
    inputs = List.copyOf(inputs);
  }

  /** Reads the lines of {@code vk_module_describe}. */
  static ScriptContents parse(String text) {
    List<Entry> parameters = new ArrayList<>();
    Map<String, String> shared = new LinkedHashMap<>();
    List<Entry> buffers = new ArrayList<>();
    List<Input> inputs = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] fields = line.split("\t", -1);
      switch (fields[0]) {
        case "parameter" -> parameters.add(entry(fields));
        case "shared" -> shared.put(fields[1], fields[2]);
        case "buffer" -> buffers.add(entry(fields));
        case "input" -> inputs.add(new Input(fields[1], fields[2].equals("1")));
        default -> throw new InternalException("ScriptModule: unknown line \"" + line + "\"");
      }
    }
    return new ScriptContents(parameters, shared, buffers, inputs);
  }

  private static Entry entry(String[] fields) {
    long[] shape =
        fields[4].isEmpty()
            ? new long[0]
            : Arrays.stream(fields[4].split(",", -1)).mapToLong(Long::parseLong).toArray();
    return new Entry(
        fields[1], shape, DType.of(Integer.parseInt(fields[2])), fields[3].equals("1"));
  }
}
