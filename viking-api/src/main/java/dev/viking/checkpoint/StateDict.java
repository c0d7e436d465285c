package dev.viking.checkpoint;

import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a network trained elsewhere: the named arrays of a PyTorch {@code state_dict} that was
 * saved as safetensors, as the flat parameter vector of a {@link dev.viking.nn.Model}.
 *
 * <p>In Python: {@code safetensors.torch.save_file(model.state_dict(), "weights.safetensors")}. An
 * array belongs to the parameter of the same name, after the renaming rules; shapes must be the
 * same, and half precision, bfloat16 and float64 are converted. Nothing is loaded in part: what
 * does not fit is reported in full.
 *
 * <p>A network with batch norms has more than parameters: {@code name.running_mean} and {@code
 * name.running_var} are the statistics of the {@link BatchNorm2d} of that name, which {@link
 * #load(Sequential)} loads too. Without them its predictions are wrong. {@code
 * name.num_batches_tracked}, a counter of PyTorch's, is passed over.
 *
 * <p>Immutable; borrows the checkpoint, which must stay open while this is used.
 */
public final class StateDict {
  private static final System.Logger LOG = System.getLogger("dev.viking.checkpoint");
  private static final String MEAN = ".running_mean";
  private static final String VARIANCE = ".running_var";
  private static final String COUNTER = "num_batches_tracked";

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
   * Leaves arrays out, for instance {@code ^head\.}, so that they do not count as left over.
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
   * Compares names, shapes and types with a model's parameters, without reading an array.
   * Statistics of batch norms are left over; {@link #report(Sequential)} knows them.
   *
   * @param layout the model's parameters
   * @return what fits and what does not
   * @throws ArgumentException when two arrays get the same name by the rules, or a replacement is
   *     not valid
   */
  public StateDictReport report(ParameterLayout layout) {
    return compare(parameters(layout));
  }

  /**
   * Compares names, shapes and types with a model's parameters and the statistics of its batch
   * norms, without reading an array.
   *
   * @param model the model
   * @return what fits and what does not
   * @throws ArgumentException when two arrays get the same name by the rules, or a replacement is
   *     not valid
   */
  public StateDictReport report(Sequential model) {
    Map<String, List<Long>> needed = parameters(model.layout());
    BatchStatistics.of(model)
        .forEach(
            (name, statistics) -> {
              List<Long> channels = List.of((long) statistics.channels());
              needed.put(name + MEAN, channels);
              needed.put(name + VARIANCE, channels);
            });
    return compare(needed);
  }

  private static Map<String, List<Long>> parameters(ParameterLayout layout) {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      shapes.put(entry.name(), Arrays.stream(entry.shape()).boxed().toList());
    }
    return shapes;
  }

  private StateDictReport compare(Map<String, List<Long>> needed) {
    Map<String, String> available = names();
    Map<String, String> matched = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    Map<String, String> mismatched = new LinkedHashMap<>();
    needed.forEach(
        (name, shape) -> {
          String source = available.remove(name);
          if (source == null) {
            missing.add(name);
            return;
          }
          String fault = fault(source, shape);
          if (fault == null) {
            matched.put(name, source);
          } else {
            mismatched.put(name, fault);
          }
        });
    List<String> leftOver = available.values().stream().filter(name -> !isCounter(name)).toList();
    return new StateDictReport(matched, missing, leftOver, mismatched);
  }

  private static boolean isCounter(String name) {
    return name.equals(COUNTER) || name.endsWith("." + COUNTER);
  }

  /** What is wrong with an array for a place of a shape; null when nothing is. */
  private @Nullable String fault(String source, List<Long> shape) {
    String foreign = checkpoint.foreignType(source);
    if (foreign != null) {
      return "given dtype "
          + foreign
          + " ("
          + source
          + "), which is not supported; needed F16, BF16, F32 or F64";
    }
    CheckpointEntry info = checkpoint.info(source);
    if (!info.shape().equals(shape)) {
      return "given shape " + info.shape() + " (" + source + "); needed " + shape;
    }
    return info.dtype().isFloatingPoint()
        ? null
        : "given dtype " + info.dtype() + " (" + source + "); needed a floating one";
  }

  /**
   * Loads a network: the parameters as float32 on the CPU, and the statistics of its batch norms.
   *
   * @param model the model
   * @return the model with the statistics, in evaluation mode, and [D], belonging to the current
   *     scope
   * @throws StateDictException when a parameter or a statistic is missing or has another shape, or
   *     an array is left over
   * @throws ArgumentException when statistics are not finite or a variance is negative, and as
   *     {@link #report(Sequential)}
   */
  public LoadedNetwork load(Sequential model) {
    StateDictReport report = report(model);
    requireComplete(report, "");
    return new LoadedNetwork(withStatistics(model, report), filled(model.layout(), report));
  }

  /**
   * Loads the parameters as float32 on the CPU, for a model that is no {@link Sequential}. Batch
   * norms need {@link #load(Sequential)}: their statistics count as left over here, and where
   * {@link #ignore} leaves them out a warning is logged.
   *
   * @param layout the model's parameters
   * @return [D], belonging to the current scope
   * @throws StateDictException when a parameter is missing or has another shape, or an array is
   *     left over
   * @throws ArgumentException as {@link #report(ParameterLayout)}
   */
  public Tensor load(ParameterLayout layout) {
    StateDictReport report = report(layout);
    boolean hasStatistics =
        report.leftOver().stream().anyMatch(name -> name.endsWith(MEAN) || name.endsWith(VARIANCE));
    requireComplete(
        report,
        hasStatistics
            ? " Statistics of batch norms are loaded by load(model), given a Sequential."
            : "");
    warnOfStatistics("load", layout, report);
    return filled(layout, report);
  }

  private void requireComplete(StateDictReport report, String more) {
    if (report.complete()) {
      return;
    }
    String advice = more;
    List<String> ignoredThough =
        checkpoint.names().stream()
            .filter(name -> isIgnored(name) && report.missing().contains(renamed(name)))
            .toList();
    if (!ignoredThough.isEmpty()) {
      advice += " The rules of ignore leave out " + ignoredThough + ", which the model needs.";
    }
    throw new StateDictException(
        "StateDict.load: the file does not fit the model. Rename what is missing and left over"
            + " with rename(pattern, replacement), leave out what is not needed with"
            + " ignore(pattern)."
            + advice,
        report);
  }

  private boolean isIgnored(String name) {
    return ignored.stream().anyMatch(pattern -> pattern.matcher(name).find());
  }

  private Tensor filled(ParameterLayout layout, StateDictReport report) {
    try (Scope scope = Scope.open()) {
      Tensor flat = Tensor.empty(new long[] {layout.total()}, DType.FLOAT32, Device.CPU);
      return scope.keep(fill(flat, layout, report));
    }
  }

  /**
   * Loads what is there and keeps the rest as it is, parameters and statistics of batch norms: for
   * a network whose last layer is a new one. A norm's two statistics are loaded together or not.
   *
   * @param model the model; its statistics stay where the file has none
   * @param start [D], values for the parameters that the file does not have; copied
   * @return the model with the statistics, in evaluation mode where they were loaded, and [D] like
   *     {@code start}, belonging to the current scope
   * @throws StateDictException when an array that has the name of a parameter or a statistic has
   *     another shape, a norm has only one of its statistics, or nothing matches
   * @throws ShapeException when {@code start} is not of shape [D]
   * @throws DTypeException when {@code start} is not floating
   * @throws ArgumentException when statistics are not finite or a variance is negative, and as
   *     {@link #report(Sequential)}
   */
  public LoadedNetwork loadOver(Sequential model, Tensor start) {
    checkStart(model.layout(), start);
    StateDictReport report = report(model);
    for (String name : BatchStatistics.of(model).keySet()) {
      if (report.matched().containsKey(name + MEAN)
          != report.matched().containsKey(name + VARIANCE)) {
        throw new StateDictException(
            "StateDict.loadOver: the file has only one of the two statistics of \"" + name + "\".",
            report);
      }
    }
    Sequential loaded = withStatistics(model, report);
    Tensor parameters = over(model.layout(), start, report);
    warnOfStatistics("loadOver", model.layout(), report);
    return new LoadedNetwork(loaded, parameters);
  }

  /**
   * Loads what is there and keeps the rest as it is, for a model that is no {@link Sequential}.
   * Where the file has statistics of batch norms, which need {@link #loadOver(Sequential, Tensor)},
   * a warning is logged.
   *
   * @param layout the model's parameters
   * @param start [D], values for the parameters that the file does not have; copied
   * @return [D] like {@code start}, belonging to the current scope
   * @throws StateDictException when an array that has a parameter's name has another shape, or
   *     nothing matches
   * @throws ShapeException when {@code start} is not of shape [D]
   * @throws DTypeException when {@code start} is not floating
   * @throws ArgumentException as {@link #report(ParameterLayout)}
   */
  public Tensor loadOver(ParameterLayout layout, Tensor start) {
    checkStart(layout, start);
    StateDictReport report = report(layout);
    Tensor parameters = over(layout, start, report);
    warnOfStatistics("loadOver", layout, report);
    return parameters;
  }

  private static void checkStart(ParameterLayout layout, Tensor start) {
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
  }

  private Tensor over(ParameterLayout layout, Tensor start, StateDictReport report) {
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

  /** The model with those statistics of its norms that the file has. */
  private Sequential withStatistics(Sequential model, StateDictReport report) {
    Map<String, ChannelStatistics> loaded = new LinkedHashMap<>();
    for (String name : BatchStatistics.of(model).keySet()) {
      String mean = report.matched().get(name + MEAN);
      String variance = report.matched().get(name + VARIANCE);
      if (mean == null || variance == null) {
        continue;
      }
      try {
        loaded.put(name, new ChannelStatistics(numbers(mean), numbers(variance)));
      } catch (ArgumentException e) {
        ArgumentException wrong =
            new ArgumentException(
                "StateDict: the file's " + mean + " and " + variance + ": " + e.getMessage());
        wrong.initCause(e);
        throw wrong;
      }
    }
    return BatchStatistics.with(model, loaded);
  }

  private double[] numbers(String name) {
    try (Scope _ = Scope.open()) {
      return checkpoint.view(name).to(DType.FLOAT64).toDoubleArray();
    }
  }

  // A network that normalises with other statistics than those it was trained to predicts
  // nonsense, and nothing else would say so.
  private void warnOfStatistics(String operation, ParameterLayout layout, StateDictReport report) {
    Set<String> parameters = new HashSet<>();
    layout.entries().forEach(entry -> parameters.add(entry.name()));
    Set<String> used = new HashSet<>(report.matched().values());
    Set<String> unused = new TreeSet<>();
    for (String name : checkpoint.names()) {
      String renamed = renamed(name);
      for (String end : List.of(MEAN, VARIANCE)) {
        if (renamed.endsWith(end) && !used.contains(name)) {
          String norm = renamed.substring(0, renamed.length() - end.length());
          if (parameters.contains(norm + ".weight")) {
            unused.add(name);
          }
        }
      }
    }
    if (!unused.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "StateDict.{0}: the statistics {1} are in the file and were not loaded; batch norms that"
              + " were trained with them predict wrongly without. load(model) and loadOver(model,"
              + " start) load them into a Sequential",
          operation,
          unused);
    }
  }

  /**
   * Writes a model's parameters and the statistics of its batch norms under their names, for {@code
   * load_state_dict} in Python.
   *
   * @param model the model
   * @param parameters [D], any device
   * @return a builder with one array for each parameter and two for each norm, to which more can be
   *     added; statistics are float64 where the parameters are, else float32
   * @throws ShapeException when {@code parameters} is not of shape [D]
   */
  public static CheckpointBuilder builder(Sequential model, Tensor parameters) {
    CheckpointBuilder builder = builder(model.layout(), parameters);
    DType dtype = parameters.dtype() == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
    try (Scope _ = Scope.open()) {
      BatchStatistics.of(model)
          .forEach(
              (name, statistics) -> {
                builder.put(name + MEAN, Tensor.of(statistics.mean()).to(dtype));
                builder.put(name + VARIANCE, Tensor.of(statistics.variance()).to(dtype));
              });
    }
    return builder;
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
    for (ParameterLayout.Entry entry : layout.entries()) {
      String source = report.matched().get(entry.name());
      if (source == null) {
        continue;
      }
      try (Scope _ = Scope.open()) {
        Tensor array = checkpoint.view(source);
        layout.slice(flat, entry.name()).copy_(array.to(flat.dtype()).to(flat.device()));
      }
    }
    return flat;
  }

  /** The file's name by the name after the rules. */
  private Map<String, String> names() {
    Map<String, String> names = new LinkedHashMap<>();
    for (String name : checkpoint.names()) {
      if (isIgnored(name)) {
        continue;
      }
      String renamed = renamed(name);
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

  /** A name of the file after the rules. */
  private String renamed(String name) {
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
    return renamed;
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
