package dev.viking.linalg;

import dev.viking.internal.ProjectionEvent;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The orthogonal projection onto the kernel of a Jacobian, P = I - J^T (J J^T)^+ J, prepared once
 * and applied to any number of vectors (Fadel et al. 2025, "VIKING", section 4).
 *
 * <p>With {@link ExactSolver} one factorisation serves all samples, the adjoint (which needs mu =
 * K^-1 J w and P w for the incoming cotangents w, the very same solve) and the rank. With {@link
 * ConjugateGradient} or {@link Lsmr} only products with J are needed, and J may be matrix-free.
 *
 * <p>Immutable; may be used by several threads as long as the scope it was made in is open. Works
 * in the element type and on the device of the rows.
 */
public final class KernelProjection {
  private final LinearOperator operator;
  private final PreparedSolver solver;

  /** The projection by a solver that is prepared. */
  KernelProjection(PreparedSolver solver) {
    this.solver = solver;
    this.operator = solver.operator();
  }

  /**
   * The projection for rows that are there.
   *
   * @param rows J, [n, D] of a floating-point type; borrowed, as long as the projection is used
   * @param solver how to solve with J J^T
   * @return the projection; what it holds belongs to the current scope
   * @throws dev.viking.torch.ShapeException when the rows have not two dimensions
   * @throws dev.viking.torch.LinalgException when the rows hold NaN or infinite values
   */
  public static KernelProjection of(Tensor rows, Solver solver) {
    return new KernelProjection(solver.prepare(LinearOperator.of(rows)));
  }

  /**
   * The projection for an operator; {@link ExactSolver} asks it for its Gram matrix.
   *
   * @param rows J, [n, D]; borrowed, as long as the projection is used
   * @param solver how to solve with J J^T
   * @return the projection; what it holds belongs to the current scope
   */
  public static KernelProjection of(LinearOperator rows, Solver solver) {
    return new KernelProjection(solver.prepare(rows));
  }

  /**
   * Splits vectors into kernel and image part.
   *
   * @param vectors u, [S, D], of the rows' type and device
   * @return P u, u - P u, the multipliers and the residual; in the caller's current scope
   * @throws dev.viking.torch.ShapeException when the shape is another
   * @throws dev.viking.torch.DTypeException when the element type is not the rows'
   * @throws dev.viking.torch.DeviceException when the vectors are on another device
   */
  public Projection project(Tensor vectors) {
    Checks.vectors("KernelProjection.project", vectors, operator.columns(), operator);
    ProjectionEvent event = new ProjectionEvent();
    event.begin();
    try (Scope scope = Scope.open()) {
      Tensor products = operator.matvec(vectors);
      Solved solution = solve(vectors, products);
      Adjoint split = refine(subtractImage(vectors, solution.x()), solution.x());
      Tensor left = operator.matvec(split.kernel());
      Projection projection =
          new Projection(
              scope.keep(split.kernel()),
              scope.keep(vectors.sub(split.kernel())),
              scope.keep(split.multipliers()),
              scope.keep(Residuals.relative(left, products)),
              solution.status(),
              solution.iterations());
      if (event.isEnabled()) {
        event.fill(
            vectors.size(0),
            solver,
            projection.residual(),
            projection.iterations(),
            projection.status());
        event.commit();
      }
      return projection;
    }
  }

  private record Solved(Tensor x, SolverStatus status, int iterations) {}

  // A factorisation is not asked for the residual of its small system, which costs more than the
  // solution does: the residual that counts is that of the projection.
  private Solved solve(Tensor vectors, Tensor products) {
    if (solver instanceof GramFactor factor) {
      return new Solved(factor.solve(products), factor.status(), 0);
    }
    Solution solution = solver.leastSquares(vectors, products);
    return new Solved(solution.x(), solution.status(), solution.iterations());
  }

  private Tensor multipliersOf(Tensor vectors) {
    return solve(vectors, operator.matvec(vectors)).x();
  }

  /**
   * What the derivative of the projection needs for a cotangent w of P u.
   *
   * @param kernel [S, D], P w: the cotangent of u
   * @param multipliers [S, n], mu = (J J^T)^+ J w
   */
  public record Adjoint(Tensor kernel, Tensor multipliers) {}

  /**
   * Projects cotangents: the same split as {@link #project}, without its diagnostics.
   *
   * @param cotangents w, [S, D], of the rows' type and device
   * @return P w and the multipliers, in the caller's current scope
   * @throws dev.viking.torch.ShapeException when the shape is another
   * @throws dev.viking.torch.DTypeException when the element type is not the rows'
   * @throws dev.viking.torch.DeviceException when the vectors are on another device
   */
  public Adjoint adjoint(Tensor cotangents) {
    Checks.vectors("KernelProjection.adjoint", cotangents, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      Tensor multipliers = multipliersOf(cotangents);
      Adjoint split = refine(subtractImage(cotangents, multipliers), multipliers);
      return new Adjoint(scope.keep(split.kernel()), scope.keep(split.multipliers()));
    }
  }

  // In float32 the rounding of u - J^T lambda itself is what is left over; refinement cannot lower
  // that.
  private Adjoint refine(Tensor kernel, Tensor multipliers) {
    int steps = operator.dtype() == DType.FLOAT64 ? solver.refinements() : 0;
    Tensor better = kernel;
    Tensor total = multipliers;
    for (int i = 0; i < steps; i++) {
      Tensor correction = multipliersOf(better);
      total = total.add(correction);
      better = subtractImage(better, correction);
    }
    return new Adjoint(better, total);
  }

  /**
   * The image part alone, u - P u.
   *
   * @param vectors u, [S, D]
   * @return [S, D]
   */
  public Tensor image(Tensor vectors) {
    try (Scope scope = Scope.open()) {
      return scope.keep(project(vectors).image());
    }
  }

  /**
   * The multipliers alone: lambda with (J J^T) lambda = J u. For a cotangent w of P u these are the
   * adjoint's mu.
   *
   * @param vectors u, [S, D]
   * @return [S, n]
   */
  public Tensor multipliers(Tensor vectors) {
    try (Scope scope = Scope.open()) {
      return scope.keep(project(vectors).multipliers());
    }
  }

  /**
   * The numerical rank of J, that is the dimension D - R of the image space; waits for a device
   * that has not told yet.
   *
   * @return the rank with {@link ExactSolver}, empty with iterative solvers
   */
  public OptionalLong rank() {
    return solver.rank();
  }

  /**
   * The numerical rank of J, left on the device.
   *
   * @return 0-dimensional float64 with {@link ExactSolver}, empty with iterative solvers; NaN where
   *     J holds NaN or infinite values and the device was not waited for
   */
  public Optional<Tensor> rankTensor() {
    return solver.rankTensor();
  }

  /**
   * The coordinates of vectors in the image, V u, where V^T V = I - P. V = F^T J has c rows, at
   * least the rank of J, and is not formed; V V^T is a projection of that rank. Needs {@link
   * ExactSolver}; no device is waited for.
   *
   * @param vectors u, [S, D]
   * @return V u for each, [S, c] float64, in the caller's current scope
   * @throws ArgumentException when the solver has no factorisation
   * @throws dev.viking.torch.ShapeException when the shape is another
   */
  public Tensor imageCoordinates(Tensor vectors) {
    Checks.vectors("KernelProjection.imageCoordinates", vectors, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      Tensor factor = factor("imageCoordinates");
      return scope.keep(operator.matvec(vectors).to(DType.FLOAT64).matmul(factor));
    }
  }

  /**
   * The vectors that have given coordinates in the image, V^T x; see {@link #imageCoordinates}.
   *
   * @param coordinates x, [S, c] float64
   * @return [S, D] of the rows' type, in the caller's current scope
   * @throws ArgumentException when the solver has no factorisation
   * @throws dev.viking.torch.ShapeException when the shape is another
   */
  public Tensor fromImageCoordinates(Tensor coordinates) {
    try (Scope scope = Scope.open()) {
      Tensor factor = factor("fromImageCoordinates");
      return scope.keep(
          operator.rmatvec(coordinates.matmul(factor.t()).to(operator.dtype()).contiguous()));
    }
  }

  /**
   * The image seen by groups of parameters: V_g V_g^T, where V_g has those columns of V that belong
   * to group g; see {@link #imageCoordinates}. The trace is the group's share of the rank.
   *
   * @param sizes how many parameters each of the G groups has, in their order; together D
   * @return [G, c, c] float64, in the caller's current scope
   * @throws ArgumentException when the solver has no factorisation, or the sizes do not add up
   */
  public Tensor imageGrams(long... sizes) {
    try (Scope scope = Scope.open()) {
      Tensor factor = factor("imageGrams");
      return scope.keep(factor.t().matmul(operator.grams(sizes)).matmul(factor));
    }
  }

  private Tensor factor(String operation) {
    return solver
        .pseudoInverseFactor()
        .orElseThrow(
            () ->
                new ArgumentException(
                    "KernelProjection."
                        + operation
                        + ": the solver is iterative; ExactSolver is needed"));
  }

  /**
   * The Jacobian that this projects by.
   *
   * @return J, [n, D]
   */
  public LinearOperator operator() {
    return operator;
  }

  private Tensor subtractImage(Tensor vectors, Tensor multipliers) {
    Tensor kernel = vectors.isContiguous() ? vectors.cloneTensor() : vectors.contiguous();
    operator.addRmatvec(kernel, multipliers, -1.0);
    return kernel;
  }
}
