#include "tools/countersignd/openapi.h"

extern "C" const char openapi_begin[], openapi_end[];
__asm__(
    ".section .rodata\n"
    "openapi_begin: .incbin \"" COUNTERSIGN_OPENAPI_FILE
    "\"\n"
    "openapi_end: .byte 0\n"
    ".previous\n");

namespace countersign::server {

std::string_view openapi_document() {
  return {openapi_begin, static_cast<std::size_t>(openapi_end - openapi_begin)};
}

}  // namespace countersign::server
