// Which instructions this CPU has, for code that is compiled more than once.
#pragma once

namespace viking {

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// The best set of this CPU; an environment variable of the given name asks for another (portable, avx2, avx512). What
// the CPU lacks is never chosen, whoever asks.
InstructionSet instruction_set(const char* variable);

}  // namespace viking
