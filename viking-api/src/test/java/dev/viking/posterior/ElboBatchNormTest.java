package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.nn.Activation;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.BatchStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.Gradients;
import dev.viking.nn.Linear;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rows with constant statistics, and a data term with those of the minibatch. */
@ExtendWith(LiveHandles.class)
class ElboBatchNormTest {
  private static final Sequential MODEL =
      Sequential.of(
          new long[] {1, 3, 3},
          List.of(
              new Conv2d("conv", 1, 2, 2),
              new BatchNorm2d("bn", 2),
              Activation.TANH,
              new Flatten(),
              new Linear("fc", 8, 3)));
  private static final Loss LOSS = Losses.softmaxCrossEntropy();

  @Test
  void theGradientIsTheDerivativeOfTheValueAndTheTermsAreThoseOfTheirNetworks() {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(4)) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 6, 1, 3, 3).mul(3.0).add(1.0);
      Tensor targets = Tensor.randint(rng, 0, 3, 6);
      Tensor mean = MODEL.initialise(rng, DType.FLOAT64, Device.CPU);
      Sequential constant = BatchStatistics.estimate(MODEL, mean, List.of(inputs.narrow(0, 0, 4)));
      Sequential training = BatchStatistics.training(constant);
      KernelImagePosterior posterior = KernelImagePosterior.of(mean, 2.4, -1.6);
      Tensor noise = Tensor.randn(rng, DType.FLOAT64, 2, mean.size(0));
      ElboOptions options = ElboOptions.exact().withKlWeight(KlWeight.relativeTo(3));
      Elbo elbo = new Elbo(constant, training, LOSS, options, 100);
      ElboResult result = elbo.evaluate(posterior, inputs, targets, noise);

      // Samples are those of the network with constants, the data term is the other one's.
      ElboResult rows =
          new Elbo(constant, LOSS, options, 100).evaluate(posterior, inputs, targets, noise);
      assertThat(result.kernelSamples().toDoubleArray())
          .isEqualTo(rows.kernelSamples().toDoubleArray());
      Tensor deviations = posterior.deviations(result.kernelSamples(), result.imageSamples());
      double expected = 0;
      for (int s = 0; s < 2; s++) {
        Tensor parameters = mean.add(deviations.select(0, s));
        expected += Gradients.sum(training, LOSS, parameters, inputs, targets).value().item() / 2;
      }
      assertThat(result.expectation().item()).isCloseTo(expected, within(1e-10));
      assertThat(rows.expectation().item()).isNotCloseTo(expected, within(1e-3));

      Tensor variables = posterior.variables();
      double[] gradient = result.gradient().toDoubleArray();
      double step = 1e-5;
      for (int i = 0; i < gradient.length; i++) {
        Tensor entry = variables.narrow(0, i, 1);
        double before = entry.item();
        entry.fill_(before + step);
        double above = elbo.evaluate(posterior, inputs, targets, noise).loss().item();
        entry.fill_(before - step);
        double below = elbo.evaluate(posterior, inputs, targets, noise).loss().item();
        entry.fill_(before);
        double slope = (above - below) / (2 * step);
        assertThat(gradient[i])
            .as("variable %d", i)
            .isCloseTo(slope, within(1e-5 * Math.max(1, Math.abs(slope))));
      }
    }
  }

  @Test
  void refusesNetworksThatAreNotTheSame() {
    ElboOptions options = ElboOptions.exact();
    assertThatThrownBy(
            () -> new Elbo(MODEL, Mlp.of(new int[] {3, 4}, Activation.TANH), LOSS, options, 9))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("dataModel has 16 parameters");
    Sequential training = BatchStatistics.training(MODEL);
    ElboOptions linearised = options.withPredictions(Predictions.LINEARISED);
    assertThatThrownBy(() -> new Elbo(MODEL, training, LOSS, linearised, 9))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("SAMPLED is needed");
  }
}
