package dev.viking.bindings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where libraries that are inside jars may be extracted to.
 *
 * <p>Best first: the folder that the user names, the user's cache folder, then the folder for
 * temporary files, which serves where the home is read-only, missing, or mounted so that nothing in
 * it may be executed.
 */
final class ExtractionFolders {
  private static final String PROPERTY = "viking.cache";
  private static final String VARIABLE = "VIKING_CACHE";

  private ExtractionFolders() {}

  /**
   * One of the folders.
   *
   * @param folder where to extract to; it has not been touched
   * @param best whether it is the one that is meant to be used
   */
  record Place(Path folder, boolean best) {
    /** Says that another folder than the one that is meant was taken, and why. */
    void tellIfSecondChoice(List<String> tried) {
      if (best) {
        return;
      }
      List<String> reasons = tried.stream().filter(entry -> entry.contains("extracted")).toList();
      System.getLogger("dev.viking.bindings")
          .log(
              System.Logger.Level.WARNING,
              "VIKING''s native libraries were extracted to {0}. {1} To choose a folder, set -D{2}"
                  + " or {3}.",
              folder,
              reasons.isEmpty() ? "" : reasons.getFirst() + ".",
              PROPERTY,
              VARIABLE);
    }
  }

  /** VIKING's cache folders, best first; they may not exist. */
  static List<Path> caches() {
    List<Path> caches = new ArrayList<>();
    String named = System.getProperty(PROPERTY, System.getenv().getOrDefault(VARIABLE, ""));
    add(caches, absolute(named));
    add(caches, below(System.getenv().getOrDefault("XDG_CACHE_HOME", ""), "viking"));
    add(caches, below(System.getProperty("user.home", ""), ".cache", "viking"));
    return caches;
  }

  /** The folders to extract to. */
  static List<Place> places() {
    List<Path> folders = new ArrayList<>();
    caches().forEach(cache -> folders.add(cache.resolve("native")));
    String user = System.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9._-]", "_");
    folders.add(Path.of(System.getProperty("java.io.tmpdir", "."), "viking-native-" + user));
    List<Place> places = new ArrayList<>();
    for (Path folder : folders) {
      places.add(new Place(folder, places.isEmpty()));
    }
    return places;
  }

  private static void add(List<Path> paths, @Nullable Path path) {
    if (path != null && !paths.contains(path)) {
      paths.add(path);
    }
  }

  private static @Nullable Path below(String parent, String... names) {
    Path folder = absolute(parent);
    return folder == null ? null : folder.resolve(Path.of("", names));
  }

  private static @Nullable Path absolute(String text) {
    try {
      Path path = Path.of(text);
      return text.isEmpty() || !path.isAbsolute() ? null : path.normalize();
    } catch (InvalidPathException e) {
      return null;
    }
  }
}
