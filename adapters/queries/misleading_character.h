#pragma once
// Characters that make a line read differently from what it is: control characters, line and paragraph separators,
// bidirectional and zero-width ones (Unicode TR 36 and 39). Joiners are not among them: they are part of names.
//
// Whoever writes what others sent to a terminal, a log or a line format shows these by their numbers.

namespace countersign::queries {

constexpr bool is_misleading(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) ||                       // C0, DEL, C1
         c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f ||  // marks, zero width
         (c >= 0x2028 && c <= 0x202e) ||                              // separators, embeddings, overrides
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||               // isolates, invisible operators, byte order mark
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);  // annotations, tags
}

}  // namespace countersign::queries
