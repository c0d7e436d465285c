package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.FitContext;
import dev.viking.baseline.FittedPosterior;
import dev.viking.baseline.Method;
import dev.viking.baseline.Methods;
import dev.viking.baseline.Mixture;
import dev.viking.nn.Losses;
import dev.viking.posterior.TrainingListener;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The fitted posteriors of a comparison, one file each, and beside it one that says what it is of.
 * What is there is not fitted again, whatever the settings of the draws; what several methods start
 * from or consist of is fitted once. May be used by several threads.
 */
final class FitStore {
  private static final String FORMAT = "viking-fit-1";

  private final Path folder;
  private final CompareSettings settings;
  private final Map<String, Method> methods;
  private final boolean redo;
  private final ConcurrentHashMap<String, Object> locks = new ConcurrentHashMap<>();

  /**
   * A store.
   *
   * @param folder where the files are
   * @param settings of the comparison
   * @param methods those that have a name, by it
   * @param redo whether fits of other options are replaced; otherwise they are an error
   */
  FitStore(Path folder, CompareSettings settings, Map<String, Method> methods, boolean redo) {
    this.folder = folder;
    this.settings = settings;
    this.methods = methods;
    this.redo = redo;
  }

  /**
   * A fitted posterior.
   *
   * @param posterior in the caller's scope
   * @param seconds that it took, with those of what it started from
   */
  record Fit(FittedPosterior posterior, double seconds) {}

  /**
   * Fits, or reads what was fitted. Two threads that want the same get it one after the other. A
   * mixture is made of its members' files and has none of its own.
   */
  Fit fit(Method method, long seed, Function<Method, TrainingListener> listener) {
    if (method instanceof Mixture mixture) {
      return mixture(mixture, seed, listener);
    }
    String name = name(method) + "-" + seed;
    synchronized (locks.computeIfAbsent(name, _ -> new Object())) {
      Path file = folder.resolve(name + ".safetensors");
      Path about = folder.resolve(name + ".json");
      JsonNode config =
          fitting(method, CompareSettings.parse(name, settings.fit(method, seed).toString()));
      if (Files.exists(about) && Files.exists(file)) {
        JsonNode stored = CompareSettings.parse(about.toString(), RunFolder.read(about));
        JsonNode fitted = fitting(method, stored.path("config"));
        if (fitted.equals(config)) {
          return new Fit(load(method, file), stored.path("seconds").asDouble());
        }
        if (!redo) {
          throw CellConflicts.error(about, config, fitted);
        }
      }
      return fitAndWrite(method, seed, listener, file, about, config);
    }
  }

  private Fit mixture(Mixture mixture, long seed, Function<Method, TrainingListener> listener) {
    List<FittedPosterior> members = new ArrayList<>();
    double seconds = 0;
    for (int i = 0; i < mixture.members(); i++) {
      Fit member = fit(mixture.member(), Mixture.memberSeed(seed, i), listener);
      members.add(member.posterior());
      seconds += member.seconds();
    }
    return new Fit(mixture.posterior(members), seconds);
  }

  private Fit fitAndWrite(
      Method method,
      long seed,
      Function<Method, TrainingListener> listener,
      Path file,
      Path about,
      JsonNode config) {
    try (Scope scope = Scope.open()) {
      FitContext context =
          FitContext.of(
                  settings.network(),
                  Losses.softmaxCrossEntropy(),
                  settings.sets().examples(settings.sets().train(), settings.device()),
                  seed)
              .on(DType.FLOAT32, settings.device())
              .withListener(listener.apply(method));
      double seconds = 0;
      Method base = method.base();
      if (base != null) {
        Fit start = fit(base, seed, listener);
        seconds = start.seconds();
        context = context.withInitialMean(start.posterior().pointEstimate());
      }
      long began = System.nanoTime();
      FittedPosterior fitted = method.fit(context);
      seconds += (System.nanoTime() - began) * 1e-9;
      RunFolder.delete(about);
      fitted.save(file);
      ObjectNode node = new ObjectMapper().createObjectNode();
      node.put("format", FORMAT);
      node.set("config", config);
      node.put("seconds", seconds);
      RunFolder.write(about, node.toPrettyString() + "\n");
      // Read back, so that a run that is gone on with computes with the very same.
      return new Fit(load(method, file).keepIn(scope), seconds);
    }
  }

  private FittedPosterior load(Method method, Path file) {
    return method.adopt(Methods.load(file, settings.device()));
  }

  /** A configuration without what decides only how samples are drawn. */
  private static JsonNode fitting(Method method, JsonNode config) {
    JsonNode left = config.deepCopy();
    if (left.path("hyperparameters") instanceof ObjectNode hyperparameters) {
      List<String> names = new ArrayList<>();
      hyperparameters.fieldNames().forEachRemaining(names::add);
      names.removeIf(Predicate.not(method::isDrawSetting));
      hyperparameters.remove(names);
    }
    return left;
  }

  /** The name of a method among those compared that fits the same, or one made of its settings. */
  private String name(Method method) {
    String own = fitting(method);
    for (Map.Entry<String, Method> known : methods.entrySet()) {
      if (fitting(known.getValue()).equals(own)) {
        return known.getKey();
      }
    }
    return "base-%08x".formatted(own.hashCode());
  }

  /** What decides a method's fit. */
  private static String fitting(Method method) {
    Map<String, String> settings = new LinkedHashMap<>(method.hyperparameters());
    settings.keySet().removeIf(method::isDrawSetting);
    return method.name() + settings;
  }
}
