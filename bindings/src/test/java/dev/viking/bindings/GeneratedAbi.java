package dev.viking.bindings;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.UnionLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads the ABI back out of what jextract generated: descriptors, layouts and constants from the
 * classes, prototypes from the sources.
 *
 * <p>A generated function's descriptor can be asked for only once its symbol was found. So the
 * classes are loaded a second time, by a class loader of their own in which {@link NativeSymbols}
 * finds every symbol; nothing is called there, and no native library is needed.
 */
final class GeneratedAbi {
  private static final String SYMBOLS =
      """
      package dev.viking.bindings;

      import java.lang.foreign.MemorySegment;
      import java.lang.foreign.SymbolLookup;
      import java.util.Optional;

      final class NativeSymbols {
        static SymbolLookup lookup() {
          return symbol -> Optional.of(MemorySegment.ofAddress(4096));
        }
      }
      """;

  private static final Pattern PROTOTYPE =
      Pattern.compile(
          "\\* (\\S[^\\n]*?)\\n *\\* \\}\\n *\\*/\\n *public static \\S+ (vk_\\w+)\\([^)]*\\) \\{");

  private GeneratedAbi() {}

  /**
   * Reads the generated code.
   *
   * @param sources the folder of generated sources
   * @param scratch an empty folder
   * @return what the generated code declares
   */
  static AbiDescription read(Path sources, Path scratch) throws Exception {
    AbiDescription abi = new AbiDescription();
    Path classes = TestClasses.folderOf(NativeLibrary.class);
    TestClasses.compile(SYMBOLS, "NativeSymbols", scratch);
    URL[] path = {scratch.toUri().toURL(), classes.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      Class<?> main = loader.loadClass(TestClasses.PACKAGE + ".viking_native_h");
      for (Method method : main.getMethods()) {
        String name = method.getName();
        if (name.endsWith("$descriptor")) {
          String function = name.substring(0, name.length() - "$descriptor".length());
          abi.functions().put(function, signature((FunctionDescriptor) method.invoke(null)));
        } else if (name.startsWith("VK_") && method.getParameterCount() == 0) {
          abi.constants().put(name, ((Number) method.invoke(null)).longValue());
        }
      }
      for (String name : typeNames(sources)) {
        type(loader.loadClass(TestClasses.PACKAGE + "." + name), abi);
      }
    }
    prototypes(Files.readString(sources.resolve("viking_native_h.java")), abi);
    return abi;
  }

  private static List<String> typeNames(Path sources) throws IOException {
    try (Stream<Path> files = Files.list(sources)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".java") && !file.startsWith("viking_native_h"))
          .map(file -> file.substring(0, file.length() - ".java".length()))
          .sorted()
          .toList();
    }
  }

  private static void type(Class<?> type, AbiDescription abi)
      throws InvocationTargetException, IllegalAccessException {
    for (Method method : type.getMethods()) {
      if (method.getName().equals("layout")) {
        GroupLayout layout = (GroupLayout) method.invoke(null);
        abi.structs().put(type.getSimpleName(), struct(layout));
      } else if (method.getName().equals("descriptor")) {
        FunctionDescriptor descriptor = (FunctionDescriptor) method.invoke(null);
        abi.functions().put(type.getSimpleName(), signature(descriptor));
      }
    }
  }

  private static String struct(GroupLayout layout) {
    List<String> fields = new ArrayList<>();
    for (MemoryLayout member : layout.memberLayouts()) {
      if (member instanceof PaddingLayout) {
        continue;
      }
      String name = member.name().orElseThrow();
      long offset = layout.byteOffset(PathElement.groupElement(name));
      if (member instanceof UnionLayout union) {
        for (MemoryLayout inner : union.memberLayouts()) {
          fields.add(offset + " " + name + "." + inner.name().orElseThrow() + ":" + carrier(inner));
        }
      } else {
        fields.add(offset + " " + name + ":" + carrier(member));
      }
    }
    return fields.stream().collect(Collectors.joining(", ", "{", "} size " + layout.byteSize()));
  }

  private static String signature(FunctionDescriptor descriptor) {
    return descriptor.returnLayout().map(GeneratedAbi::carrier).orElse("void")
        + descriptor.argumentLayouts().stream()
            .map(GeneratedAbi::carrier)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  private static String carrier(MemoryLayout layout) {
    return switch (layout) {
      case AddressLayout _ -> "pointer";
      case ValueLayout.OfByte _ -> "int8";
      case ValueLayout.OfShort _ -> "int16";
      case ValueLayout.OfInt _ -> "int32";
      case ValueLayout.OfLong _ -> "int64";
      case ValueLayout.OfFloat _ -> "float";
      case ValueLayout.OfDouble _ -> "double";
      default -> layout.toString();
    };
  }

  /** jextract writes the C prototype into the comment above each function. */
  private static void prototypes(String source, AbiDescription abi) {
    Matcher matcher = PROTOTYPE.matcher(source);
    while (matcher.find()) {
      abi.prototypes().put(matcher.group(2), matcher.group(1));
    }
  }

  /** The folder of the generated sources, and the header, seen from wherever the test runs. */
  static Path repositoryFile(String relative) {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null) {
      if (Files.exists(folder.resolve("native/include/viking_native.h"))) {
        return folder.resolve(relative);
      }
      folder = folder.getParent();
    }
    throw new IllegalStateException("run the tests inside the repository: found no native/include");
  }
}
