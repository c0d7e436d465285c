package dev.viking.baseline;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.checkpoint.UnsupportedCheckpointException;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A mixture of posteriors with equal weights.
 *
 * <p>Its file holds each member as a file of its own would, in the sections {@code member.0.},
 * {@code member.1.} and so on.
 *
 * @param description what it is of; its model is the first member's
 * @param members the posteriors, at least one; owned by this
 */
public record MixturePosterior(FitDescription description, List<FittedPosterior> members)
    implements FittedPosterior {
  static final String KIND = "mixture";

  /** What the names of all that belongs to members start with. */
  static final String MEMBER = "member.";

  private static final String MEMBERS = "members";

  // No file of ours has that many; a bound keeps a damaged one from being searched for long.
  private static final int MOST = 1000;

  /**
   * Checks the members.
   *
   * @throws ArgumentException when there is none, one is a mixture, or one is of another network
   */
  public MixturePosterior {
    members = List.copyOf(members);
    if (members.isEmpty()) {
      throw new ArgumentException("MixturePosterior: members: none given; at least 1 is needed");
    }
    for (FittedPosterior member : members) {
      if (member instanceof MixturePosterior) {
        throw new ArgumentException(
            "MixturePosterior: members: a mixture given; posteriors that are none are needed");
      }
      if (!sameNetwork(member, description.model())) {
        throw new ArgumentException(
            "MixturePosterior: members: one with parameters "
                + member.description().model().layout().entries()
                + " given; "
                + description.model().layout().entries()
                + " are needed");
      }
    }
  }

  /** Reads an open file, for a given model or those that it describes. */
  static MixturePosterior read(
      MethodFile file, Checkpoint checkpoint, @Nullable Model given, Device device) {
    List<FittedPosterior> members = new ArrayList<>();
    int count = count(checkpoint);
    for (int i = 0; i < count; i++) {
      Checkpoint section = checkpoint.section(MEMBER + i + ".");
      if (KIND.equals(section.metadata().get(MethodFile.KIND))) {
        throw new UnsupportedCheckpointException(
            section.location(), "kind is \"" + KIND + "\"; needed one that is none");
      }
      FittedPosterior member = Methods.read(section, given, device);
      if (!sameNetwork(member, file.description().model())) {
        throw new UnsupportedCheckpointException(
            section.location(),
            "its parameters are "
                + member.description().model().layout().entries()
                + "; needed those of the file's model, "
                + file.description().model().layout().entries());
      }
      members.add(member);
    }
    return new MixturePosterior(file.description(), members);
  }

  private static boolean sameNetwork(FittedPosterior member, Model model) {
    return member.description().model().layout().entries().equals(model.layout().entries());
  }

  private static int count(Checkpoint checkpoint) {
    String text = checkpoint.metadata().getOrDefault(MEMBERS, "");
    int count = text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
    if (count < 1 || count > MOST) {
      throw new UnsupportedCheckpointException(
          checkpoint.location(),
          MEMBERS + " is \"" + text + "\"; needed a number from 1 to " + MOST);
    }
    return count;
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < members.size(); i++) {
      String prefix = MEMBER + i + ".";
      members.get(i).tensors().forEach((name, tensor) -> tensors.put(prefix + name, tensor));
    }
    return Collections.unmodifiableMap(tensors);
  }

  /** That of a single member; several have none in common. */
  @Override
  public @Nullable Tensor pointEstimate() {
    return members.size() == 1 ? members.getFirst().pointEstimate() : null;
  }

  /**
   * Draws from each member so many samples, the first ones one more where the number does not go
   * into equal parts: the mixture's weights hold in every set of samples.
   *
   * @param request how many in all, and of what data; a member is left out when there are fewer
   *     samples than members
   * @return the samples, member by member, in the caller's current scope
   */
  @Override
  public PosteriorDraw draw(DrawRequest request) {
    try (Scope scope = Scope.open()) {
      List<PosteriorDraw> draws = new ArrayList<>();
      int each = request.count() / members.size();
      int left = request.count() % members.size();
      for (int i = 0; i < members.size(); i++) {
        int count = each + (i < left ? 1 : 0);
        if (count > 0) {
          draws.add(
              members
                  .get(i)
                  .draw(
                      new DrawRequest(
                          request.loss(),
                          request.data(),
                          count,
                          Mixture.memberSeed(request.seed(), i),
                          request.listener())));
        }
      }
      return new MixtureDraw(draws).keepIn(scope);
    }
  }

  /** The number of members, and the mean over them of what is known about each. */
  @Override
  public Map<String, Double> diagnostics() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put(MEMBERS, (double) members.size());
    numbers.putAll(MixtureDraw.mean(members.stream().map(FittedPosterior::diagnostics).toList()));
    return Collections.unmodifiableMap(numbers);
  }

  @Override
  public void addTo(CheckpointBuilder builder) {
    MethodFile.add(builder, this);
    builder.metadata(MEMBERS, Integer.toString(members.size()));
    for (int i = 0; i < members.size(); i++) {
      members.get(i).addTo(builder.section(MEMBER + i + "."));
    }
  }

  @Override
  public MixturePosterior keepIn(Scope scope) {
    members.forEach(member -> member.keepIn(scope));
    return this;
  }

  @Override
  public void close() {
    members.forEach(FittedPosterior::close);
  }
}
