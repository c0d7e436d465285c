package dev.viking.baseline;

import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.Lsmr;
import dev.viking.linalg.RowScaling;
import dev.viking.linalg.Solver;
import dev.viking.torch.ArgumentException;
import java.util.List;

/** Solvers as texts, so that a posterior's file says how its samples are projected. */
final class SolverText {
  private SolverText() {}

  static String of(Solver solver) {
    return switch (solver) {
      case ExactSolver exact -> "exact " + exact.cutoff() + " " + exact.refinements();
      case ConjugateGradient cg -> {
        if (!cg.equals(
            new ConjugateGradient(cg.steps(), cg.reorthogonalise(), cg.tolerance())
                .withScaling(cg.scaling()))) {
          throw new ArgumentException(
              "Method: the solver has a preconditioner, "
                  + cg.preconditioner()
                  + "; one without is needed, which a file can name");
        }
        yield "cg "
            + cg.steps()
            + " "
            + cg.reorthogonalise()
            + " "
            + cg.tolerance()
            + " "
            + cg.scaling();
      }
      case Lsmr lsmr ->
          "lsmr "
              + lsmr.atol()
              + " "
              + lsmr.btol()
              + " "
              + lsmr.conlim()
              + " "
              + lsmr.maxIter()
              + " "
              + lsmr.scaling();
    };
  }

  static Solver parse(String text) {
    List<String> words = List.of(text.split(" ", -1));
    try {
      return switch (words.getFirst()) {
        case "exact" -> new ExactSolver(number(words, 1), Integer.parseInt(words.get(2)));
        case "cg" -> {
          ConjugateGradient cg =
              new ConjugateGradient(
                  Integer.parseInt(words.get(1)),
                  Boolean.parseBoolean(words.get(2)),
                  number(words, 3));
          yield cg.withScaling(RowScaling.valueOf(words.get(4)));
        }
        case "lsmr" ->
            new Lsmr(
                number(words, 1),
                number(words, 2),
                number(words, 3),
                Integer.parseInt(words.get(4)),
                RowScaling.valueOf(words.get(5)));
        default -> throw new IllegalArgumentException("exact, cg or lsmr is needed first");
      };
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new ArgumentException("Methods.load: no solver: \"" + text + "\": " + e.getMessage());
    }
  }

  private static double number(List<String> words, int index) {
    return Double.parseDouble(words.get(index));
  }
}
