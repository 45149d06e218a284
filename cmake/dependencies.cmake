# Debian 12's packages; ./dev installs them. Boost 1.81 is asked for by number because 1.74 is Debian's default.
find_package(Threads REQUIRED)
find_package(Boost 1.81.0 EXACT REQUIRED CONFIG COMPONENTS json url)
find_package(LibXml2 2.9.14 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(RocksDB 7.8 REQUIRED CONFIG)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
find_program(FLATC flatc REQUIRED)
find_library(UNISTRING unistring REQUIRED)
find_library(JEMALLOC jemalloc REQUIRED)

# countersign_fast_memory(<program>): what one thread allocates another frees, all the time: glibc's allocator makes them
# wait for each other. A sanitizer brings its own.
function(countersign_fast_memory program)
  if(NOT COUNTERSIGN_SANITIZE AND NOT COUNTERSIGN_FUZZ)
    target_link_libraries(${program} PRIVATE ${JEMALLOC})
  endif()
endfunction()
