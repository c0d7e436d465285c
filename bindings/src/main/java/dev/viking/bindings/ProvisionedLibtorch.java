package dev.viking.bindings;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The copies of libtorch that {@code build-native.sh} puts into the user's cache folder. */
final class ProvisionedLibtorch {
  private ProvisionedLibtorch() {}

  /**
   * Looks for them.
   *
   * @param tried receives an entry for a cache folder without one
   * @return those that are complete
   */
  static List<LibtorchFolder> folders(List<String> tried) {
    List<LibtorchFolder> found = new ArrayList<>();
    for (Path cache : ExtractionFolders.caches()) {
      List<Path> copies = new ArrayList<>();
      try (DirectoryStream<Path> all = Files.newDirectoryStream(cache, "libtorch-*")) {
        all.forEach(copies::add);
      } catch (IOException e) {
        tried.add("VIKING's own copy of libtorch: no folder " + cache);
        continue;
      }
      // By name, the newest version first.
      copies.sort(Collections.reverseOrder());
      int before = found.size();
      for (Path copy : copies) {
        LibtorchFolder folder =
            LibtorchFolder.ofHome("VIKING's own copy of libtorch", copy.resolve("torch"));
        if (folder.complete()) {
          found.add(folder);
        }
      }
      if (found.size() == before) {
        tried.add("VIKING's own copy of libtorch: none in " + cache);
      }
    }
    return found;
  }
}
