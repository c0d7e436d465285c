package dev.viking.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The committed generated code describes the very ABI of the header. Needs neither jextract nor the
 * native library.
 */
class HeaderDriftTest {
  private static String header = "";
  private static AbiDescription generated = new AbiDescription();

  @BeforeAll
  static void read(@TempDir Path scratch) throws Exception {
    header = Files.readString(GeneratedAbi.repositoryFile("native/include/viking_native.h"));
    Path sources = GeneratedAbi.repositoryFile("bindings/src/generated/java/dev/viking/bindings");
    generated = GeneratedAbi.read(sources, scratch);
  }

  @Test
  void generatedCodeFollowsTheHeader() {
    assertThat(HeaderParser.parse(header).differencesTo(generated))
        .as("run bindings/jextract/generate.sh (and see includes.txt) after changing the header")
        .isEmpty();
  }

  @Test
  void nothingIsPassedOver() {
    AbiDescription parsed = HeaderParser.parse(header);
    // Counted by other means than the parser's: each function is marked, each constant has a '=' in
    // an enum.
    String code = header.replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("(?m)^#.*", "");
    assertThat(parsed.prototypes()).hasSize(code.split("VK_API ", -1).length - 1).isNotEmpty();
    assertThat(parsed.functions())
        .hasSize(parsed.prototypes().size() + 1)
        .containsKey("vk_function");
    assertThat(parsed.constants()).hasSize(code.split("=", -1).length - 1).isNotEmpty();
    assertThat(parsed.structs())
        .containsOnlyKeys(
            "vk_value",
            "vk_tensor_meta",
            "vk_live_counts",
            "vk_device_memory",
            "vk_layer",
            "vk_prediction");
  }

  @Test
  void signaturesAndLayoutsAreReadAsACompilerWould() {
    AbiDescription parsed = HeaderParser.parse(header);
    assertThat(parsed.functions())
        .containsEntry("vk_abi_version", "int32()")
        .containsEntry("vk_live", "void(int32, int32, pointer)")
        .containsEntry(
            "vk_device_set_memory_fraction", "int32(int32, int32, double, pointer, int64)")
        .containsEntry("vk_function", "int32(int64, pointer, int64, pointer, pointer)");
    assertThat(parsed.structs())
        .containsEntry(
            "vk_value",
            "{0 kind:int32, 4 reserved:int32, 8 count:int64, 16 as.i:int64, 16 as.d:double,"
                + " 16 as.p:pointer} size 24");
    assertThat(parsed.constants()).containsEntry("VK_GRAPH_AUTO", -1L).containsEntry("VK_OK", 0L);
  }

  /** Each row edits the header; the difference named must be found. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          int32_t vk_get_num_threads(void) | int64_t vk_get_num_threads(void) | function vk_get_num
          vk_abi_version(void) | vk_abi_new(void) | function vk_abi_new: in the header, but not gen
          vk_abi_version(void) | vk_abi_new(void) | function vk_abi_version: generated, but not in
          int32_t threads, char | int64_t threads, char | function vk_set_num_threads: header has i
          VK_MAX_DIMS = 64 | VK_MAX_DIMS = 65 | constant VK_MAX_DIMS: header has 65, generated code 64
          VK_BFLOAT16 = 15 | VK_BFLOAT16 = 15, VK_NEW | constant VK_NEW: in the header, but not gen
          VK_BFLOAT16 = 15 | VK_BFLOAT = 15 | constant VK_BFLOAT16: generated, but not in the header
          int64_t handles; | int32_t handles; | struct vk_live_counts: header has {0 handles:int32,
          int64_t free_bytes; | int64_t unused; | struct vk_device_memory: header has {0 unused:int64
          int32_t reserved; | | struct vk_value: header has {0 kind:int32, 8 count:int64
          double d; | float d; | struct vk_value: header has
          (vk_pullback pullback); | (vk_tensor pullback); | prototype vk_pullback_release: header has
          (int64_t *identifiers | (const int64_t *identifiers | prototype vk_keep_alive_drain: header
          (int32_t threads | (int32_t count | prototype vk_set_num_threads: header has
          """)
  void editsOfTheHeaderAreFound(String from, String to, String difference) {
    assertThat(header).contains(from);
    String edited = header.replace(from, to == null ? "" : to);
    assertThat(HeaderParser.parse(edited).differencesTo(generated))
        .anySatisfy(found -> assertThat(found).startsWith(difference));
  }

  @Test
  void editsOfCommentsAreNoDrift() {
    String edited =
        header.replace(
            "/* Raised whenever", "/*\n * Not read: int32_t vk_new(void);\n Raised whenever");
    assertThat(edited).isNotEqualTo(header);
    assertThat(HeaderParser.parse(edited).differencesTo(generated)).isEmpty();
  }

  @Test
  void newFunctionsStructsAndUnreadableTextAreFound() {
    String end = "/* Releases a generator";
    assertThat(header).contains(end);
    String more =
        header.replace(
            end,
            "typedef struct vk_pair { int32_t a; double b; } vk_pair;\n"
                + "VK_API int32_t vk_new(const vk_pair *pair);\n"
                + end);
    assertThat(HeaderParser.parse(more).differencesTo(generated))
        .containsExactlyInAnyOrder(
            "function vk_new: in the header, but not generated",
            "prototype vk_new: in the header, but not generated",
            "struct vk_pair: in the header, but not generated");
    assertThatThrownBy(() -> HeaderParser.parse(header.replace(end, "int vk_global;\n" + end)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("int vk_global");
    assertThatThrownBy(
            () -> HeaderParser.parse(header.replace("int32_t threads", "unsigned threads")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unsigned");
  }
}
