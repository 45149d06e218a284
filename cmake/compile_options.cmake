# Warnings are errors in every target of ours; headers of others are system headers.
add_library(countersign_options INTERFACE)
add_library(countersign::options ALIAS countersign_options)
target_compile_options(countersign_options INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  # g++ 12 reports these falsely in coroutines and std::string at -O2 (GCC PR 105562, 105651, 109224).
  -Wno-mismatched-new-delete -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # For fuzzers. clang 14 has coroutines, but doesn't say so in the way libstdc++ asks.
  target_compile_options(countersign_options INTERFACE -Wno-unknown-warning-option -D__cpp_impl_coroutine=201902L)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(countersign_options INTERFACE -march=x86-64-v2) # processors since 2009: SSE4.2, POPCNT
endif()
target_include_directories(countersign_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(countersign_options INTERFACE
  COUNTERSIGN_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

if(COUNTERSIGN_SANITIZE)
  add_compile_options(-fsanitize=${COUNTERSIGN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COUNTERSIGN_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
