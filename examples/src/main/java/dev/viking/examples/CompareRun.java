package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.FitStoppedException;
import dev.viking.baseline.Method;
import dev.viking.baseline.Mixture;
import dev.viking.posterior.TrainingDivergedException;
import dev.viking.torch.Threads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * All cells of a comparison: every method with every seed. What a cell's file says is done is not
 * done again. Cells do not share anything random, so that their numbers do not depend on which of
 * them run at the same time.
 *
 * @param root folder of the comparison
 * @param methods by name, in the order of the table
 * @param known all methods that have a name, by it: what one of them starts from is stored under
 *     its own name whether it is compared or not
 * @param seeds of each method
 * @param settings that all have in common
 * @param redo whether files of other options are replaced
 * @param parallel how many cells run at the same time
 * @param threads within one operator, 0 for libtorch's choice
 * @param watch progress and interruption
 */
record CompareRun(
    Path root,
    Map<String, Method> methods,
    Map<String, Method> known,
    List<Long> seeds,
    CompareSettings settings,
    boolean redo,
    int parallel,
    int threads,
    CompareWatch watch) {
  private static final String FORMAT = "viking-cell-1";

  /**
   * What came out.
   *
   * @param results for each method those of its seeds; a cell that failed is not among them
   * @param failures what went wrong, by cell
   */
  record Outcome(Map<String, List<CellResult>> results, Map<String, String> failures) {}

  /** Runs what is not done yet. */
  Outcome run() {
    List<CompareCell> cells = cells();
    cells.forEach(this::checkStored);
    // What others start from or consist of comes first, so that they need not wait for it.
    List<CompareCell> order = new ArrayList<>(cells);
    order.sort(Comparator.comparingInt(cell -> rank(cell.method())));
    watch.begin(order.size());
    Map<String, String> failures = new ConcurrentHashMap<>();
    try (ExecutorService workers =
        Executors.newFixedThreadPool(
            parallel, Thread.ofPlatform().name("cell-", 0).daemon().factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (CompareCell cell : order) {
        running.add(workers.submit(() -> work(cell, failures)));
      }
      await(running);
    }
    return new Outcome(read(cells), new TreeMap<>(failures));
  }

  private static int rank(Method method) {
    return method instanceof Mixture ? 2 : method.base() == null ? 0 : 1;
  }

  private List<CompareCell> cells() {
    FitStore fits = new FitStore(root.resolve("fits"), settings, known, redo);
    List<CompareCell> cells = new ArrayList<>();
    methods.forEach(
        (key, method) ->
            seeds.forEach(
                seed -> cells.add(new CompareCell(key, method, seed, settings, fits, watch))));
    return cells;
  }

  /** Waits for all; the first error stops the others, and is thrown when they have stopped. */
  private void await(List<Future<?>> running) {
    RuntimeException first = null;
    for (Future<?> each : running) {
      try {
        each.get();
      } catch (ExecutionException e) {
        watch.stop();
        boolean better = first == null || first instanceof FitStoppedException;
        if (better && e.getCause() instanceof RuntimeException cause) {
          first = cause;
        } else if (e.getCause() instanceof Error error) {
          throw error;
        }
      } catch (InterruptedException e) {
        watch.stop();
        Thread.currentThread().interrupt();
        throw new InterruptedRunException("interrupted");
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private void work(CompareCell cell, Map<String, String> failures) {
    if (watch.stopping()) {
      watch.interrupts().check();
      return;
    }
    if (isDone(cell)) {
      watch.say("already there: " + file(cell));
      watch.finished(cell.name());
      return;
    }
    if (threads > 0) {
      // OpenMP counts for each thread that calls it.
      Threads.set(threads);
    }
    try {
      CellResult result = cell.run();
      write(cell, result);
      watch.say(
          String.format(
              Locale.ROOT,
              "%s: accuracy %.4f, NLL %.4f; fit %.0f s, samples %.0f s, predictions %.0f s",
              cell.name(),
              result.evaluation().metrics().getOrDefault("accuracy", Double.NaN),
              result.evaluation().metrics().getOrDefault("nll", Double.NaN),
              result.seconds().fit(),
              result.seconds().draw(),
              result.seconds().predict()));
    } catch (TrainingDivergedException e) {
      String reason = Objects.requireNonNullElse(e.getMessage(), e.toString());
      failures.put(cell.name(), reason);
      watch.say(cell.name() + " failed: " + reason);
    }
    watch.finished(cell.name());
  }

  private Path file(CompareCell cell) {
    return root.resolve("cells").resolve(cell.key() + "-" + cell.seed() + ".json");
  }

  private boolean isDone(CompareCell cell) {
    Path file = file(cell);
    return Files.exists(file) && config(file).equals(settings.cell(cell.method(), cell.seed()));
  }

  private static JsonNode config(Path file) {
    return CompareSettings.parse(file.toString(), RunFolder.read(file)).path("config");
  }

  private void checkStored(CompareCell cell) {
    if (!redo && Files.exists(file(cell)) && !isDone(cell)) {
      throw CellConflicts.error(
          file(cell), settings.cell(cell.method(), cell.seed()), config(file(cell)));
    }
  }

  private void write(CompareCell cell, CellResult result) {
    ObjectNode node = new ObjectMapper().createObjectNode();
    node.put("format", FORMAT);
    node.put("method", cell.method().name());
    node.put("seed", cell.seed());
    node.set("config", settings.cell(cell.method(), cell.seed()));
    result.write(node.putObject("result"));
    RunFolder.write(file(cell), node.toPrettyString() + "\n");
  }

  /** Results as the files have them, so that those of a run that was gone on with are the same. */
  private Map<String, List<CellResult>> read(List<CompareCell> cells) {
    Map<String, List<CellResult>> results = new LinkedHashMap<>();
    for (CompareCell cell : cells) {
      List<CellResult> ofMethod = results.computeIfAbsent(cell.key(), _ -> new ArrayList<>());
      if (isDone(cell)) {
        Path file = file(cell);
        JsonNode stored = CompareSettings.parse(file.toString(), RunFolder.read(file));
        ofMethod.add(CellResult.read(cell.seed(), stored.path("result")));
      }
    }
    return results;
  }
}
