# All generated headers, for tools that read sources without building them.
add_custom_target(schemas)

# countersign_schema(<target> <file.fbs>): generates <file>_generated.h below build/generated/<folder>/ and makes the
# target depend on it. Include it as "<folder>/<file>_generated.h".
function(countersign_schema target schema)
  get_filename_component(name ${schema} NAME_WE)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(out ${CMAKE_BINARY_DIR}/generated/${folder})
  add_custom_command(
    OUTPUT ${out}/${name}_generated.h
    COMMAND ${FLATC} --cpp --cpp-std c++17 --gen-object-api --gen-compare --scoped-enums --no-warnings
            -o ${out} ${CMAKE_CURRENT_SOURCE_DIR}/${schema}
    DEPENDS ${schema}
    COMMENT "flatc ${folder}/${schema}")
  target_sources(${target} PRIVATE ${out}/${name}_generated.h)
  add_custom_target(${target}_${name}_schema DEPENDS ${out}/${name}_generated.h)
  add_dependencies(${target} ${target}_${name}_schema)
  add_dependencies(schemas ${target}_${name}_schema)
endfunction()
