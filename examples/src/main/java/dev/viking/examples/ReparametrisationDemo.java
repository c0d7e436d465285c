package dev.viking.examples;

import dev.viking.examples.KernelWalk.Weights;
import dev.viking.report.LinePlot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The picture of {@link KernelWalk}: the weights' plane, the functions, and how much they change.
 */
final class ReparametrisationDemo {
  private static final Weights START = new Weights(0.8, 1.5);
  private static final double LENGTH = 1.6;
  private static final int STEPS = 160;
  private static final int SHOWN = 40;

  private ReparametrisationDemo() {}

  static Path draw(Path file) {
    KernelWalk way = KernelWalk.from(START, LENGTH, STEPS);
    RunFolder.replace(
        file,
        to ->
            LinePlot.write(
                to,
                "f(x) = w1 ReLU(w2 x): a walk along the kernel leaves the function as it is",
                List.of(plane(way), functions(way), changes(way))));
    return file;
  }

  private static LinePlot.Chart plane(KernelWalk way) {
    return new LinePlot.Chart(
        "weights",
        "w1",
        "w2",
        List.of(
            new LinePlot.Line(
                "along the kernel",
                each(way.walk(), Weights::outer),
                each(way.walk(), Weights::inner)),
            new LinePlot.Line(
                "straight on",
                each(way.line(), Weights::outer),
                each(way.line(), Weights::inner))));
  }

  private static LinePlot.Chart functions(KernelWalk way) {
    List<Double> x = IntStream.rangeClosed(0, SHOWN).mapToObj(i -> -1 + 3.0 * i / SHOWN).toList();
    List<LinePlot.Line> lines = new ArrayList<>();
    lines.add(line("start and walked", x, way.walk().getLast()));
    for (int part = 1; part <= 2; part++) {
      Weights weights = way.line().get(STEPS * part / 2);
      String length = String.format(Locale.ROOT, "%.1f straight on", LENGTH * part / 2);
      lines.add(line(length, x, weights));
    }
    return new LinePlot.Chart("functions", "x", "f(x)", lines);
  }

  private static LinePlot.Line line(String name, List<Double> x, Weights weights) {
    return new LinePlot.Line(name, x, x.stream().map(weights::output).toList());
  }

  private static LinePlot.Chart changes(KernelWalk way) {
    List<Double> length =
        IntStream.rangeClosed(0, STEPS).mapToObj(i -> LENGTH * i / STEPS).toList();
    return new LinePlot.Chart(
        "largest change of an output",
        "length of the way",
        "|f - f at the start|",
        List.of(
            new LinePlot.Line("along the kernel", length, changes(way.walk())),
            new LinePlot.Line("straight on", length, changes(way.line()))));
  }

  private static List<Double> changes(List<Weights> way) {
    return IntStream.range(0, way.size()).mapToObj(i -> KernelWalk.change(way, i)).toList();
  }

  private static List<Double> each(List<Weights> way, ToDoubleFunction<Weights> number) {
    return way.stream().map(number::applyAsDouble).toList();
  }
}
