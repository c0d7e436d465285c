package dev.viking.func;

import dev.viking.torch.Tensor;
import dev.viking.torch.Transforms;
import java.util.List;
import java.util.Objects;

/**
 * Transforms of Java functions: {@code jvp}, {@code vjp}, {@code grad}, {@code vmap}, {@code
 * jacrev}, {@code jacfwd} and {@code hvp}. They nest in each other freely: {@code Func.vmap(x ->
 * Func.grad(f, x))} is the gradient of each example.
 *
 * <p><b>Functions.</b> The function's inputs are lent to it, and tensors it makes are freed when it
 * returns, except its outputs. It may capture tensors from outside; they count as constants. It
 * runs on the calling thread, possibly more than once. Whatever it throws arrives at the caller as
 * the same object.
 *
 * <p><b>Results</b> belong to the current {@code Scope}, or to the caller when there is none.
 *
 * <p><b>Threads.</b> Any number of platform and virtual threads may call any of these at once.
 *
 * <p><b>Errors.</b> {@code ArgumentException} for lists of wrong length, {@code ShapeException},
 * {@code DTypeException} and {@code DeviceException} for tensors that do not fit, {@code
 * NotImplementedOperatorException} for operators without the derivative asked for, {@code
 * UnsupportedTransformException} where libtorch's rule would be wrong.
 */
public final class Func {
  private Func() {}

  /**
   * Jacobian-vector product by forward mode: output and its derivative in one direction.
   *
   * @param f the function
   * @param x where
   * @param t the direction, of x's sizes, element type and device
   * @return f(x) and J(x) t
   */
  public static Jvp jvp(TensorFunction f, Tensor x, Tensor t) {
    Transforms.JvpResult result = Transforms.jvp(single("jvp", f), one("x", x), one("t", t));
    return new Jvp(result.outputs().getFirst(), result.tangents().getFirst());
  }

  /**
   * Jacobian-vector product by forward mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @param ts the direction, one for each input, of its sizes, element type and device
   * @return outputs and their derivatives
   */
  public static JvpN jvp(TensorsFunction f, List<Tensor> xs, List<Tensor> ts) {
    Transforms.JvpResult result = Transforms.jvp(several("jvp", f), xs, ts);
    return new JvpN(result.outputs(), result.tangents());
  }

  /**
   * Vector-Jacobian product by reverse mode: output, and the map from cotangents to gradients.
   *
   * @param f the function
   * @param x where
   * @return f(x) and its pullback, owned by the current scope
   */
  public static Vjp vjp(TensorFunction f, Tensor x) {
    Transforms.VjpResult result = Transforms.vjp(single("vjp", f), one("x", x));
    return new Vjp(result.outputs().getFirst(), result.pullback());
  }

  /**
   * Vector-Jacobian product by reverse mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @return outputs and their pullback, owned by the current scope
   */
  public static VjpN vjp(TensorsFunction f, List<Tensor> xs) {
    Transforms.VjpResult result = Transforms.vjp(several("vjp", f), xs);
    return new VjpN(result.outputs(), result.pullback());
  }

  /**
   * Gradient of a scalar function.
   *
   * @param f the function; its output has one element
   * @param x where
   * @return the gradient, of x's sizes
   */
  public static Tensor grad(TensorFunction f, Tensor x) {
    ValueAndGrad result = valueAndGrad(f, x);
    result.value().close();
    return result.gradient();
  }

  /**
   * Gradients of a scalar function of several inputs.
   *
   * @param f the function; its first output has one element, others are passed over
   * @param xs where
   * @return one gradient for each input, of its sizes
   */
  public static List<Tensor> grad(TensorsFunction f, List<Tensor> xs) {
    ValueAndGrads result = valueAndGrad(f, xs);
    result.values().forEach(Tensor::close);
    return result.gradients();
  }

  /**
   * Value and gradient of a scalar function.
   *
   * @param f the function; its output has one element
   * @param x where
   * @return f(x) and the gradient, of x's sizes
   */
  public static ValueAndGrad valueAndGrad(TensorFunction f, Tensor x) {
    Transforms.GradResult result = Transforms.grad(single("grad", f), one("x", x));
    return new ValueAndGrad(result.outputs().getFirst(), result.gradients().getFirst());
  }

  /**
   * Values and gradients of a function whose first output is a scalar.
   *
   * @param f the function; its first output has one element, others are auxiliary and not
   *     differentiated
   * @param xs where
   * @return all outputs, and one gradient for each input, of its sizes
   */
  public static ValueAndGrads valueAndGrad(TensorsFunction f, List<Tensor> xs) {
    Transforms.GradResult result = Transforms.grad(several("grad", f), xs);
    return new ValueAndGrads(result.outputs(), result.gradients());
  }

  /**
   * Vectorises a function of one example over dimension 0 of its input.
   *
   * @param f the function of one example
   * @return the function of a batch; its output is batched along dimension 0
   */
  public static TensorFunction vmap(TensorFunction f) {
    return vmap(f, 0, 0);
  }

  /**
   * Vectorises a function of one example.
   *
   * @param f the function of one example
   * @param inDim the batched dimension of the input; negative counts from the end
   * @param outDim where the output's batch dimension goes
   * @return the function of a batch
   */
  public static TensorFunction vmap(TensorFunction f, int inDim, int outDim) {
    Transforms.Function body = single("vmap", f);
    VmapOptions options = VmapOptions.defaults().inDims(inDim).outDims(outDim);
    return x -> vmap(body, options, one("x", x)).getFirst();
  }

  /**
   * Vectorises a function of one example, with several inputs and outputs.
   *
   * @param f the function of one example
   * @param options which dimensions are batched, how many examples run at a time, and what random
   *     operators do
   * @return the function of a batch
   */
  public static TensorsFunction vmap(TensorsFunction f, VmapOptions options) {
    Objects.requireNonNull(options, "options");
    Transforms.Function body = several("vmap", f);
    return xs -> vmap(body, options, xs);
  }

  /**
   * Jacobian by reverse mode, all rows at once.
   *
   * @param f the function
   * @param x where
   * @return the Jacobian, of the output's sizes followed by x's
   */
  public static Tensor jacrev(TensorFunction f, Tensor x) {
    return jacrev(f, x, 0);
  }

  /**
   * Jacobian by reverse mode.
   *
   * @param f the function
   * @param x where
   * @param chunkSize how many rows at a time; 0 for all
   * @return the Jacobian, of the output's sizes followed by x's
   */
  public static Tensor jacrev(TensorFunction f, Tensor x, long chunkSize) {
    return only(Transforms.jacrev(single("jacrev", f), one("x", x), chunkSize))
        .getFirst()
        .getFirst();
  }

  /**
   * Jacobians by reverse mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @return by output, then by input, each of the output's sizes followed by the input's
   */
  public static List<List<Tensor>> jacrev(TensorsFunction f, List<Tensor> xs) {
    return jacrev(f, xs, 0);
  }

  /**
   * Jacobians by reverse mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @param chunkSize how many rows at a time; 0 for all
   * @return by output, then by input, each of the output's sizes followed by the input's
   */
  public static List<List<Tensor>> jacrev(TensorsFunction f, List<Tensor> xs, long chunkSize) {
    return only(Transforms.jacrev(several("jacrev", f), xs, chunkSize));
  }

  /**
   * Jacobian by forward mode, all columns at once.
   *
   * @param f the function
   * @param x where
   * @return the Jacobian, of the output's sizes followed by x's
   */
  public static Tensor jacfwd(TensorFunction f, Tensor x) {
    return jacfwd(f, x, 0);
  }

  /**
   * Jacobian by forward mode.
   *
   * @param f the function
   * @param x where
   * @param chunkSize how many columns at a time; 0 for all
   * @return the Jacobian, of the output's sizes followed by x's
   */
  public static Tensor jacfwd(TensorFunction f, Tensor x, long chunkSize) {
    return only(Transforms.jacfwd(single("jacfwd", f), one("x", x), chunkSize))
        .getFirst()
        .getFirst();
  }

  /**
   * Jacobians by forward mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @return by output, then by input, each of the output's sizes followed by the input's
   */
  public static List<List<Tensor>> jacfwd(TensorsFunction f, List<Tensor> xs) {
    return jacfwd(f, xs, 0);
  }

  /**
   * Jacobians by forward mode, for several inputs and outputs.
   *
   * @param f the function
   * @param xs where
   * @param chunkSize how many columns at a time; 0 for all
   * @return by output, then by input, each of the output's sizes followed by the input's
   */
  public static List<List<Tensor>> jacfwd(TensorsFunction f, List<Tensor> xs, long chunkSize) {
    return only(Transforms.jacfwd(several("jacfwd", f), xs, chunkSize));
  }

  /**
   * Hessian-vector product of a scalar function, by reverse over reverse mode.
   *
   * @param f the function; its output has one element
   * @param x where
   * @param v the vector, of x's sizes, element type and device
   * @return value, gradient and product
   */
  public static Hvp hvp(TensorFunction f, Tensor x, Tensor v) {
    return hvp(f, x, v, HvpMode.REVERSE_OVER_REVERSE);
  }

  /**
   * Hessian-vector product of a scalar function.
   *
   * @param f the function; its output has one element
   * @param x where
   * @param v the vector, of x's sizes, element type and device
   * @param mode how the derivatives are composed
   * @return value, gradient and product
   */
  public static Hvp hvp(TensorFunction f, Tensor x, Tensor v, HvpMode mode) {
    Transforms.HvpResult result =
        Transforms.hvp(single("hvp", f), one("x", x), one("v", v), mode.code());
    return new Hvp(result.value(), result.gradients().getFirst(), result.products().getFirst());
  }

  /**
   * Hessian-vector products of a scalar function of several inputs, the Hessian being over all
   * inputs together.
   *
   * @param f the function; it has one output, of one element
   * @param xs where
   * @param vs the vector, one part for each input, of its sizes, element type and device
   * @param mode how the derivatives are composed
   * @return value, gradients and products
   */
  public static HvpN hvp(TensorsFunction f, List<Tensor> xs, List<Tensor> vs, HvpMode mode) {
    Transforms.HvpResult result = Transforms.hvp(several("hvp", f), xs, vs, mode.code());
    return new HvpN(result.value(), result.gradients(), result.products());
  }

  private static List<Tensor> vmap(
      Transforms.Function body, VmapOptions options, List<Tensor> inputs) {
    return Transforms.vmap(
        body,
        inputs,
        options.inDimsFor(inputs.size()),
        options.targetDims(),
        options.chunk(),
        options.policy().code());
  }

  private static List<List<Tensor>> only(Transforms.JacobianResult result) {
    result.outputs().forEach(Tensor::close);
    return result.jacobians();
  }

  private static List<Tensor> one(String name, Tensor tensor) {
    return List.of(Objects.requireNonNull(tensor, name));
  }

  private static Transforms.Function single(String transform, TensorFunction f) {
    Objects.requireNonNull(f, transform + ": the function is null");
    return inputs -> {
      Tensor output = f.apply(inputs.getFirst());
      if (output == null) {
        throw new NullPointerException(transform + ": the function returned null");
      }
      return List.of(output);
    };
  }

  private static Transforms.Function several(String transform, TensorsFunction f) {
    Objects.requireNonNull(f, transform + ": the function is null");
    return f::apply;
  }
}
