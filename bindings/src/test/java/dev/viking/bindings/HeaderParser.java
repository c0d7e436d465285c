package dev.viking.bindings;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads {@code viking_native.h}: its enums, structs, function types and functions, in the subset of
 * C that it keeps to (fixed-width types, opaque handles, one level of nested unions). Anything else
 * makes it fail, so that nothing is passed over without a word. Independent of jextract and of any
 * compiler.
 */
final class HeaderParser {
  private static final Pattern ENUM = Pattern.compile("^enum (\\w+) \\{(.*)\\}$");
  private static final Pattern OPAQUE = Pattern.compile("^typedef struct \\w+ \\*(\\w+)$");
  private static final Pattern STRUCT =
      Pattern.compile("^typedef struct (\\w+) \\{(.*)\\} (\\w+)$");
  private static final Pattern FUNCTION_TYPE =
      Pattern.compile("^typedef (.+?)\\(\\*(\\w+)\\)\\((.*)\\)$");
  private static final Pattern FUNCTION = Pattern.compile("^VK_API (.+?)\\b(\\w+)\\((.*)\\)$");
  private static final Pattern UNION = Pattern.compile("union \\{([^}]*)\\} (\\w+);");
  private static final Pattern DECLARATION = Pattern.compile("^(.*?)(\\w+)$");

  /** Sizes of the carriers; alignment equals size for all of them on the platforms there are. */
  private static final Map<String, Integer> SIZES =
      Map.of("int8", 1, "int16", 2, "int32", 4, "int64", 8, "float", 4, "double", 8, "pointer", 8);

  private final AbiDescription abi = new AbiDescription();
  private final SortedMap<String, String> carriers =
      new TreeMap<>(
          Map.of(
              "int8_t", "int8",
              "uint8_t", "int8",
              "char", "int8",
              "int16_t", "int16",
              "int32_t", "int32",
              "int64_t", "int64",
              "float", "float",
              "double", "double",
              "void", "void"));

  private HeaderParser() {}

  /**
   * Reads a header.
   *
   * @param text its text
   * @return what it declares
   * @throws IllegalArgumentException for a declaration outside the subset
   */
  static AbiDescription parse(String text) {
    HeaderParser parser = new HeaderParser();
    for (String declaration : declarations(text)) {
      parser.declare(declaration);
    }
    return parser.abi;
  }

  /**
   * Top-level declarations, without comments, directives and the closing semicolon, with single
   * spaces.
   */
  private static List<String> declarations(String text) {
    String plain =
        text.replaceAll("(?s)/\\*.*?\\*/", " ")
            .replaceAll("//[^\\n]*", " ")
            .replaceAll("\\\\\\n", " ")
            .replaceAll("(?m)^\\s*#.*$", "")
            .replaceAll("extern \"C\" \\{", " ");
    // The brace that closes extern "C" is the only one at the very end without a semicolon.
    plain = plain.strip().replaceAll(";\\s*\\}$", ";");
    List<String> declarations = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < plain.length(); i++) {
      switch (plain.charAt(i)) {
        case '{' -> depth++;
        case '}' -> depth--;
        case ';' -> {
          if (depth == 0) {
            declarations.add(spaced(plain.substring(start, i)));
            start = i + 1;
          }
        }
        default -> {}
      }
    }
    String rest = plain.substring(start).strip();
    if (!rest.isEmpty()) {
      throw new IllegalArgumentException("not a declaration: " + rest);
    }
    return declarations;
  }

  private static String spaced(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }

  private void declare(String declaration) {
    Matcher matcher = ENUM.matcher(declaration);
    if (matcher.matches()) {
      enumConstants(matcher.group(2));
      return;
    }
    matcher = OPAQUE.matcher(declaration);
    if (matcher.matches()) {
      carriers.put(matcher.group(1), "pointer");
      return;
    }
    matcher = STRUCT.matcher(declaration);
    if (matcher.matches()) {
      abi.structs().put(matcher.group(3), struct(matcher.group(2)));
      return;
    }
    matcher = FUNCTION_TYPE.matcher(declaration);
    if (matcher.matches()) {
      String name = matcher.group(2);
      carriers.put(name, "pointer");
      abi.functions().put(name, signature(matcher.group(1), matcher.group(3)));
      return;
    }
    matcher = FUNCTION.matcher(declaration);
    if (matcher.matches()) {
      String name = matcher.group(2);
      abi.functions().put(name, signature(matcher.group(1), matcher.group(3)));
      String parameters = matcher.group(3).equals("void") ? "" : matcher.group(3);
      abi.prototypes().put(name, matcher.group(1) + name + "(" + parameters + ")");
      return;
    }
    throw new IllegalArgumentException("cannot read the declaration: " + declaration);
  }

  private void enumConstants(String body) {
    long next = 0;
    for (String entry : body.split(",", -1)) {
      if (entry.isBlank()) {
        continue;
      }
      String[] parts = entry.split("=", -1);
      long value = parts.length == 2 ? Long.decode(parts[1].strip()) : next;
      abi.constants().put(parts[0].strip(), value);
      next = value + 1;
    }
  }

  private String struct(String body) {
    List<String> fields = new ArrayList<>();
    long offset = 0;
    long alignment = 1;
    Matcher union = UNION.matcher(body);
    List<String> members = new ArrayList<>();
    int end = 0;
    while (union.find()) {
      members.addAll(List.of(body.substring(end, union.start()).split(";", -1)));
      members.add(union.group());
      end = union.end();
    }
    members.addAll(List.of(body.substring(end).split(";", -1)));
    for (String member : members) {
      if (member.isBlank()) {
        continue;
      }
      Matcher nested = UNION.matcher(member.strip());
      long size = 0;
      if (nested.matches()) {
        List<String> carriersInside = new ArrayList<>();
        for (String inner : nested.group(1).split(";", -1)) {
          if (!inner.isBlank()) {
            carriersInside.add(nested.group(2) + "." + name(inner) + ":" + carrier(inner));
            size = Math.max(size, SIZES.get(carrier(inner)));
          }
        }
        offset = (offset + size - 1) / size * size;
        for (String inside : carriersInside) {
          fields.add(offset + " " + inside);
        }
      } else {
        size = SIZES.get(carrier(member));
        offset = (offset + size - 1) / size * size;
        fields.add(offset + " " + name(member) + ":" + carrier(member));
      }
      offset += size;
      alignment = Math.max(alignment, size);
    }
    long total = (offset + alignment - 1) / alignment * alignment;
    return fields.stream().collect(Collectors.joining(", ", "{", "} size " + total));
  }

  private String signature(String result, String parameters) {
    List<String> types = new ArrayList<>();
    if (!parameters.equals("void")) {
      for (String parameter : parameters.split(",", -1)) {
        types.add(carrier(parameter));
      }
    }
    return type(result) + "(" + String.join(", ", types) + ")";
  }

  /** Carrier of {@code type name}. */
  private String carrier(String declaration) {
    Matcher matcher = DECLARATION.matcher(declaration.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("neither a field nor a parameter: " + declaration);
    }
    return type(matcher.group(1));
  }

  private static String name(String declaration) {
    Matcher matcher = DECLARATION.matcher(declaration.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException("neither a field nor a parameter: " + declaration);
    }
    return matcher.group(2);
  }

  private String type(String text) {
    String type = text.strip();
    if (type.endsWith("*")) {
      return "pointer";
    }
    String carrier = carriers.get(type);
    if (carrier == null) {
      throw new IllegalArgumentException("unknown type: " + text);
    }
    return carrier;
  }
}
