package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each named parameter of a model lies in the model's flat parameter vector.
 *
 * <p>Immutable and safe for all threads.
 */
public final class ParameterLayout {
  private final List<Entry> entries;
  private final Map<String, Entry> byName;
  private final long total;

  /**
   * One parameter: row-major, at {@code [offset, offset + size)} of the flat vector.
   *
   * @param name unique name, such as {@code conv1.weight}
   * @param shape its sizes (copied)
   * @param offset index of its first element
   */
  @SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
  public record Entry(String name, long[] shape, long offset) {
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

    /**
     * Number of elements.
     *
     * @return the product of the sizes
     */
    public long size() {
      return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Entry that
          && name.equals(that.name)
          && offset == that.offset
          && Arrays.equals(shape, that.shape);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * name.hashCode() + Long.hashCode(offset)) + Arrays.hashCode(shape);
    }

    @Override
    public String toString() {
      return name + Arrays.toString(shape) + "@" + offset;
    }
  }

  private ParameterLayout(List<Entry> entries) {
    this.entries = List.copyOf(entries);
    Map<String, Entry> names = new LinkedHashMap<>();
    long end = 0;
    for (Entry entry : entries) {
      if (names.put(entry.name(), entry) != null) {
        throw new ArgumentException(
            "ParameterLayout: the name \"" + entry.name() + "\" occurs twice");
      }
      end = Math.addExact(entry.offset(), entry.size());
    }
    this.byName = Collections.unmodifiableMap(names);
    this.total = end;
  }

  /**
   * A layout that concatenates parameters in the given order.
   *
   * @param parameters names and sizes, in order
   * @return the layout
   * @throws ArgumentException when a name occurs twice or a size is negative
   */
  public static ParameterLayout of(List<Parameter> parameters) {
    List<Entry> entries = new ArrayList<>();
    long offset = 0;
    for (Parameter parameter : parameters) {
      Entry entry = new Entry(parameter.name(), parameter.shape(), offset);
      entries.add(entry);
      offset = Math.addExact(offset, entry.size());
    }
    return new ParameterLayout(entries);
  }

  /**
   * All parameters in the order of the flat vector.
   *
   * @return an unmodifiable list
   */
  public List<Entry> entries() {
    return entries;
  }

  /**
   * Number of elements of the flat vector.
   *
   * @return D
   */
  public long total() {
    return total;
  }

  /**
   * The entry of one parameter.
   *
   * @param name its name
   * @return the entry
   * @throws ArgumentException when there is no such parameter
   */
  public Entry entry(String name) {
    Entry entry = byName.get(name);
    if (entry == null) {
      throw new ArgumentException(
          "ParameterLayout.entry: no parameter \"" + name + "\"; there are " + byName.keySet());
    }
    return entry;
  }

  /**
   * A view of one parameter.
   *
   * @param flat [D], any dtype and device; also inside transforms
   * @param name the parameter's name
   * @return a view of the parameter's shape that shares the flat vector's memory
   * @throws ArgumentException when there is no such parameter
   * @throws ShapeException when {@code flat} is not of shape [D]
   */
  public Tensor slice(Tensor flat, String name) {
    requireFlat("ParameterLayout.slice", flat);
    Entry entry = entry(name);
    return flat.narrow(0, entry.offset(), entry.size()).view(entry.shape());
  }

  /**
   * Views of all parameters by name.
   *
   * @param flat [D]
   * @return an unmodifiable map in the order of the flat vector
   * @throws ShapeException when {@code flat} is not of shape [D]
   */
  public Map<String, Tensor> toMap(Tensor flat) {
    requireFlat("ParameterLayout.toMap", flat);
    Map<String, Tensor> views = new LinkedHashMap<>();
    for (Entry entry : entries) {
      views.put(entry.name(), slice(flat, entry.name()));
    }
    return Collections.unmodifiableMap(views);
  }

  /** Throws unless {@code flat} has the shape [D]. */
  void requireFlat(String operation, Tensor flat) {
    if (flat.dim() != 1 || flat.numel() != total) {
      throw new ShapeException(
          operation
              + ": parameters of shape "
              + Arrays.toString(flat.shape())
              + " given, but the model has "
              + total
              + " parameters and needs shape ["
              + total
              + "]");
    }
  }

  @Override
  public String toString() {
    return "ParameterLayout" + entries;
  }
}
