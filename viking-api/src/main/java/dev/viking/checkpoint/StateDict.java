package dev.viking.checkpoint;

import dev.viking.nn.ParameterLayout;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Weights of a network trained elsewhere: the named arrays of a PyTorch {@code state_dict} that was
 * saved as safetensors, as the flat parameter vector of a {@link dev.viking.nn.Model}.
 *
 * <p>In Python: {@code safetensors.torch.save_file(model.state_dict(), "weights.safetensors")}. An
 * array belongs to the parameter of the same name, after the renaming rules; shapes must be the
 * same, and half precision, bfloat16 and float64 are converted. Nothing is loaded in part: what
 * does not fit is reported in full.
 *
 * <p>Immutable; borrows the checkpoint, which must stay open while this is used.
 */
public final class StateDict {
  private final Checkpoint checkpoint;
  private final List<Rule> rules;
  private final List<Pattern> ignored;

  private record Rule(Pattern pattern, String replacement) {}

  private StateDict(Checkpoint checkpoint, List<Rule> rules, List<Pattern> ignored) {
    this.checkpoint = checkpoint;
    this.rules = rules;
    this.ignored = ignored;
  }

  /**
   * The arrays of a file under their own names.
   *
   * @param checkpoint an open file; borrowed
   * @return the state dictionary without rules
   */
  public static StateDict of(Checkpoint checkpoint) {
    return new StateDict(checkpoint, List.of(), List.of());
  }

  /**
   * Adds a rule that is applied to every name after the rules before it.
   *
   * @param pattern a regular expression; what it finds in a name is replaced, all occurrences
   * @param replacement what for; {@code $1} is the first group
   * @return a state dictionary with the rule
   * @throws ArgumentException when the expression is not valid
   */
  public StateDict rename(String pattern, String replacement) {
    List<Rule> more = new ArrayList<>(rules);
    more.add(new Rule(compile("rename", pattern), replacement));
    return new StateDict(checkpoint, List.copyOf(more), ignored);
  }

  /**
   * Leaves arrays out, for instance {@code num_batches_tracked$}, so that they do not count as left
   * over.
   *
   * @param pattern a regular expression that is found in the file's name
   * @return a state dictionary without them
   * @throws ArgumentException when the expression is not valid
   */
  public StateDict ignore(String pattern) {
    List<Pattern> more = new ArrayList<>(ignored);
    more.add(compile("ignore", pattern));
    return new StateDict(checkpoint, rules, List.copyOf(more));
  }

  /**
   * Compares names, shapes and types without reading an array.
   *
   * @param layout the model's parameters
   * @return what fits and what does not
   * @throws ArgumentException when two arrays get the same name by the rules, or a replacement is
   *     not valid
   */
  public StateDictReport report(ParameterLayout layout) {
    Map<String, String> available = names();
    Map<String, String> matched = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    Map<String, String> mismatched = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      String source = available.remove(entry.name());
      if (source == null) {
        missing.add(entry.name());
        continue;
      }
      CheckpointEntry info = checkpoint.info(source);
      if (!Arrays.equals(info.sizes(), entry.shape())) {
        mismatched.put(
            entry.name(),
            "given shape "
                + info.shape()
                + " ("
                + source
                + "); needed "
                + Arrays.toString(entry.shape()));
      } else if (!info.dtype().isFloatingPoint()) {
        mismatched.put(
            entry.name(),
            "given dtype " + info.dtype() + " (" + source + "); needed a floating one");
      } else {
        matched.put(entry.name(), source);
      }
    }
    return new StateDictReport(matched, missing, List.copyOf(available.values()), mismatched);
  }

  /**
   * Loads the parameters as float32 on the CPU.
   *
   * @param layout the model's parameters
   * @return [D], belonging to the current scope
   * @throws StateDictException when a parameter is missing or has another shape, or an array is
   *     left over
   * @throws ArgumentException as {@link #report}
   */
  public Tensor load(ParameterLayout layout) {
    StateDictReport report = report(layout);
    if (!report.complete()) {
      throw new StateDictException(
          "StateDict.load: the file does not fit the model. Rename what is missing and left over"
              + " with rename(pattern, replacement), leave out what is not needed with"
              + " ignore(pattern).",
          report);
    }
    try (Scope scope = Scope.open()) {
      Tensor flat = Tensor.empty(new long[] {layout.total()}, DType.FLOAT32, Device.CPU);
      return scope.keep(fill(flat, layout, report));
    }
  }

  /**
   * Loads what is there and keeps the rest as it is: for a network whose last layer is a new one.
   *
   * @param layout the model's parameters
   * @param start [D], values for the parameters that the file does not have; copied
   * @return [D] like {@code start}, belonging to the current scope
   * @throws StateDictException when an array that has a parameter's name has another shape, or
   *     nothing matches
   * @throws ShapeException when {@code start} is not of shape [D]
   * @throws DTypeException when {@code start} is not floating
   * @throws ArgumentException as {@link #report}
   */
  public Tensor loadOver(ParameterLayout layout, Tensor start) {
    if (start.dim() != 1 || start.numel() != layout.total()) {
      throw new ShapeException(
          "StateDict.loadOver: start has shape "
              + Arrays.toString(start.shape())
              + "; needed ["
              + layout.total()
              + "]");
    }
    if (!start.dtype().isFloatingPoint()) {
      throw new DTypeException(
          "StateDict.loadOver: start holds " + start.dtype() + "; needed a floating dtype");
    }
    StateDictReport report = report(layout);
    if (!report.mismatched().isEmpty() || report.matched().isEmpty()) {
      throw new StateDictException(
          "StateDict.loadOver: the file does not fit the model. Only parameters that the file does"
              + " not have keep their start.",
          report);
    }
    try (Scope scope = Scope.open()) {
      return scope.keep(fill(Tensor.cat(List.of(start), 0), layout, report));
    }
  }

  /**
   * Writes a model's parameters under their names, for {@code load_state_dict} in Python.
   *
   * @param layout the model's parameters
   * @param parameters [D], any device
   * @return a builder with one array for each parameter, to which more can be added
   * @throws ShapeException when {@code parameters} is not of shape [D]
   */
  public static CheckpointBuilder builder(ParameterLayout layout, Tensor parameters) {
    CheckpointBuilder builder = Checkpoint.builder().metadata("format", "pt");
    try (Scope _ = Scope.open()) {
      layout.toMap(parameters).forEach(builder::put);
    }
    return builder;
  }

  private Tensor fill(Tensor flat, ParameterLayout layout, StateDictReport report) {
    for (Map.Entry<String, String> match : report.matched().entrySet()) {
      try (Scope _ = Scope.open()) {
        Tensor array = checkpoint.view(match.getValue());
        layout.slice(flat, match.getKey()).copy_(array.to(flat.dtype()).to(flat.device()));
      }
    }
    return flat;
  }

  /** The file's name by the name after the rules. */
  private Map<String, String> names() {
    Map<String, String> names = new LinkedHashMap<>();
    for (String name : checkpoint.names()) {
      if (ignored.stream().anyMatch(pattern -> pattern.matcher(name).find())) {
        continue;
      }
      String renamed = name;
      for (Rule rule : rules) {
        try {
          renamed = rule.pattern().matcher(renamed).replaceAll(rule.replacement());
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
          throw new ArgumentException(
              "StateDict.rename: replacement is \""
                  + rule.replacement()
                  + "\", which is not valid: "
                  + e.getMessage());
        }
      }
      String other = names.put(renamed, name);
      if (other != null) {
        throw new ArgumentException(
            "StateDict.rename: \""
                + other
                + "\" and \""
                + name
                + "\" both become \""
                + renamed
                + "\"; needed rules that keep them apart");
      }
    }
    return names;
  }

  private static Pattern compile(String operation, String pattern) {
    try {
      return Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new ArgumentException(
          "StateDict." + operation + ": pattern is not a regular expression: " + e.getMessage());
    }
  }
}
