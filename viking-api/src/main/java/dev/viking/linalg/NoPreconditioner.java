package dev.viking.linalg;

/** T is the identity. */
record NoPreconditioner() implements Preconditioner {
  @Override
  public Transform prepare(LinearOperator operator) {
    return vectors -> vectors;
  }
}
