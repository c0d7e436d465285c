package dev.viking.func;

import com.fasterxml.jackson.databind.JsonNode;
import dev.viking.torch.DType;
import dev.viking.torch.Op;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A program of ATen operator calls from the transform conformance suite; its README gives the
 * format.
 */
final class TransformProgram {
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Step(Op op, JsonNode arguments, int[] out) {}

  private final JsonNode json;
  private final List<Step> steps = new ArrayList<>();
  private final int slots;

  TransformProgram(JsonNode json) {
    this.json = json;
    int count = json.get("inputs").size();
    for (JsonNode step : json.get("program")) {
      int[] out = ints(step.get("out"));
      count += out.length;
      String overload = step.path("overload").asText();
      steps.add(new Step(Op.of(step.get("op").asText(), overload), step.get("args"), out));
    }
    slots = count;
  }

  String name() {
    return json.get("name").asText();
  }

  JsonNode json() {
    return json;
  }

  /** The inputs as given. */
  List<Tensor> inputs() {
    return tensors(json.get("inputs"));
  }

  /** Indices of the inputs to differentiate by. */
  int[] differentiable() {
    return ints(json.get("differentiable"));
  }

  /** Runs the program on the inputs. */
  Tensor run(List<Tensor> inputs) {
    @Nullable Tensor[] values = new @Nullable Tensor[slots];
    for (int i = 0; i < inputs.size(); i++) {
      values[i] = inputs.get(i);
    }
    for (Step step : steps) {
      @Nullable Object[] arguments = new @Nullable Object[step.arguments.size()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = argument(step.arguments.get(i), values);
      }
      List<@Nullable Tensor> results = step.op.callAll(arguments);
      if (results.size() != step.out.length) {
        throw new AssertionError(
            step.op + " returned " + results.size() + " results, expected " + step.out.length);
      }
      for (int i = 0; i < step.out.length; i++) {
        values[step.out[i]] = results.get(i);
      }
    }
    return at(values, json.get("result").asInt());
  }

  /**
   * The program as a function of the differentiable inputs, the others held fixed at {@code all}.
   */
  Tensor runDifferentiable(List<Tensor> all, List<Tensor> differentiable) {
    List<Tensor> inputs = new ArrayList<>(all);
    int[] indices = differentiable();
    for (int i = 0; i < indices.length; i++) {
      inputs.set(indices[i], differentiable.get(i));
    }
    return run(inputs);
  }

  /** The differentiable ones among all inputs. */
  List<Tensor> differentiableOf(List<Tensor> all) {
    return Arrays.stream(differentiable()).mapToObj(all::get).toList();
  }

  private static Tensor at(@Nullable Tensor[] values, int slot) {
    Tensor value = values[slot];
    if (value == null) {
      throw new AssertionError("slot " + slot + " is undefined");
    }
    return value;
  }

  private static @Nullable Object argument(JsonNode argument, @Nullable Tensor[] values) {
    String kind = argument.fieldNames().next();
    JsonNode value = argument.get(kind);
    return switch (kind) {
      case "none" -> null;
      case "t" -> at(values, value.asInt());
      case "tl" -> {
        List<@Nullable Tensor> list = new ArrayList<>();
        for (JsonNode slot : value) {
          list.add(slot.isNull() ? null : at(values, slot.asInt()));
        }
        yield list;
      }
      case "i" -> value.asLong();
      case "d" -> number(value);
      case "b" -> value.asBoolean();
      case "il" -> longs(value);
      case "dl" -> {
        double[] list = new double[value.size()];
        for (int i = 0; i < list.length; i++) {
          list[i] = number(value.get(i));
        }
        yield list;
      }
      case "s" -> value.asText();
      case "dtype" -> DType.valueOf(value.asText().toUpperCase(java.util.Locale.ROOT));
      default -> throw new AssertionError("unknown argument kind " + kind);
    };
  }

  private static double number(JsonNode value) {
    return switch (value.asText()) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      default -> value.asDouble();
    };
  }

  static List<Tensor> tensors(JsonNode list) {
    List<Tensor> tensors = new ArrayList<>();
    for (JsonNode tensor : list) {
      tensors.add(tensor(tensor));
    }
    return tensors;
  }

  static Tensor tensor(JsonNode json) {
    long[] shape = longs(json.get("shape"));
    JsonNode data = json.get("data");
    int size = data.size();
    return switch (json.get("dtype").asText()) {
      case "float64" -> {
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
          values[i] = data.get(i).asDouble();
        }
        yield Tensor.of(values, shape);
      }
      case "int64" -> {
        long[] values = new long[size];
        for (int i = 0; i < size; i++) {
          values[i] = data.get(i).asLong();
        }
        yield Tensor.of(values, shape);
      }
      case "bool" -> {
        boolean[] values = new boolean[size];
        for (int i = 0; i < size; i++) {
          values[i] = data.get(i).asBoolean();
        }
        yield Tensor.of(values, shape);
      }
      default -> throw new AssertionError("unknown dtype " + json.get("dtype"));
    };
  }

  private static long[] longs(JsonNode list) {
    long[] values = new long[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asLong();
    }
    return values;
  }

  static int[] ints(JsonNode list) {
    int[] values = new int[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asInt();
    }
    return values;
  }
}
