/** Tensors, function transforms, models and posteriors: everything a user touches. */
@SuppressWarnings("requires-automatic") // XChart has no descriptor; nothing of it is in our API
module dev.viking {
  requires jdk.jfr;
  requires com.fasterxml.jackson.core;
  requires dev.viking.bindings;
  requires java.desktop;
  requires static java.management; // for NativeMemory.registerBean alone
  requires org.knowm.xchart;
  requires static org.tukaani.xz; // for data files packed with xz
  requires static transitive org.jspecify;

  exports dev.viking.baseline;
  exports dev.viking.checkpoint;
  exports dev.viking.data;
  exports dev.viking.func;
  exports dev.viking.linalg;
  exports dev.viking.metrics;
  exports dev.viking.nn;
  exports dev.viking.posterior;
  exports dev.viking.report;
  exports dev.viking.serving;
  exports dev.viking.torch;
}
