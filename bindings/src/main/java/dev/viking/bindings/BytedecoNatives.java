package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The libtorch inside the jars of {@code org.bytedeco:pytorch} and {@code org.bytedeco:openblas},
 * when those for this platform are on the class path. None of their classes is used.
 *
 * @param version of libtorch
 * @param resources the libraries
 */
record BytedecoNatives(String version, List<JarResource> resources) {
  private static final String PYTORCH = "org.bytedeco:pytorch";
  private static final String OPENBLAS = "org.bytedeco:openblas";
  private static final String POM = "META-INF/maven/org.bytedeco/pytorch/pom.properties";

  /** By jar, in the order in which they are loaded; those without which nothing works. */
  private static final List<String> BLAS_REQUIRED = List.of("libopenblas.so.0");

  private static final List<String> BLAS_OPTIONAL = List.of("libquadmath.so.0", "libgfortran.so.5");
  private static final List<String> TORCH_REQUIRED = List.of("libc10.so", "libtorch_cpu.so");
  private static final List<String> TORCH_OPTIONAL = List.of("libgomp.so.1", "libtorch.so");

  /** Copies the list. */
  BytedecoNatives {
    resources = List.copyOf(resources);
  }

  /**
   * Looks on the class path; reads no more than the jars' directories.
   *
   * @param tried receives the reason when there is no such libtorch
   * @return null when there is none
   */
  static @Nullable BytedecoNatives find(List<String> tried) {
    ClassLoader loader = BytedecoNatives.class.getClassLoader();
    String platform = NativePlatform.bytedecoId();
    try {
      List<JarResource> torch =
          resources(loader, "pytorch", platform, TORCH_REQUIRED, TORCH_OPTIONAL);
      if (torch == null) {
        tried.add(PYTORCH + " for " + platform + ": not on the class path");
        return null;
      }
      List<JarResource> blas =
          resources(loader, "openblas", platform, BLAS_REQUIRED, BLAS_OPTIONAL);
      if (blas == null) {
        tried.add(
            PYTORCH
                + " for "
                + platform
                + ": passed over, because it needs "
                + OPENBLAS
                + " with classifier "
                + platform
                + ", which is not on the class path");
        return null;
      }
      List<JarResource> all = new ArrayList<>(blas);
      all.addAll(torch);
      return new BytedecoNatives(version(loader), all);
    } catch (IOException e) {
      tried.add(PYTORCH + " for " + platform + ": cannot be read (" + e + ")");
      return null;
    }
  }

  /** How it was found, for messages. */
  String source() {
    return PYTORCH + " " + version + " on the class path";
  }

  /**
   * Writes the libraries to a folder below the place, unless they are there.
   *
   * @return the folder, or null, with the reason noted
   */
  @Nullable LibtorchFolder extract(ExtractionFolders.Place place, List<String> tried) {
    try {
      FolderExtractor extractor =
          new FolderExtractor(resources, "libtorch-" + version, place.folder());
      return new LibtorchFolder(source(), extractor.extract(), version);
    } catch (IOException e) {
      tried.add(source() + ": cannot be extracted to " + place.folder() + " (" + e + ")");
      return null;
    }
  }

  private static @Nullable List<JarResource> resources(
      @Nullable ClassLoader loader,
      String artifact,
      String platform,
      List<String> required,
      List<String> optional)
      throws IOException {
    String folder = "org/bytedeco/" + artifact + "/" + platform + "/";
    List<JarResource> found = new ArrayList<>();
    for (String name : optional) {
      JarResource resource = JarResource.find(loader, folder, name);
      if (resource != null) {
        found.add(resource);
      }
    }
    for (String name : required) {
      JarResource resource = JarResource.find(loader, folder, name);
      if (resource == null) {
        return null;
      }
      found.add(resource);
    }
    return found;
  }

  /** The artefact's version is libtorch's and the presets', such as 2.13.0-1.5.14. */
  private static String version(@Nullable ClassLoader loader) throws IOException {
    try (InputStream stream =
        loader == null
            ? ClassLoader.getSystemResourceAsStream(POM)
            : loader.getResourceAsStream(POM)) {
      Properties properties = new Properties();
      if (stream != null) {
        properties.load(stream);
      }
      String version = properties.getProperty("version", "unknown");
      int dash = version.indexOf('-');
      return dash < 0 ? version : version.substring(0, dash);
    }
  }
}
