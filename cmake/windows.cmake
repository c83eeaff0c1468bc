# SPDX-License-Identifier: MIT
# How kernel and user binaries for Windows are linked.

# Relocatable, no execution of data, no time stamp.
add_link_options(-Wl,--dynamicbase -Wl,--nxcompat -Wl,--no-insert-timestamp)

# culvert_import_library(TARGET DLL DEF): an import library from a list of the DLL's exports.
function(culvert_import_library target def)
  if(CULVERT_ARCHITECTURE STREQUAL "amd64")
    set(machine i386:x86-64)
  elseif(CULVERT_ARCHITECTURE STREQUAL "x86")
    set(machine i386)
  else()
    set(machine arm64)
  endif()
  set(library ${CMAKE_BINARY_DIR}/lib/lib${target}.a)
  add_custom_command(
    OUTPUT ${library}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/lib
    COMMAND ${CMAKE_DLLTOOL} -k -m ${machine} -d ${def} -l ${library}
    DEPENDS ${def}
    VERBATIM)
  add_custom_target(${target}_import DEPENDS ${library})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_import)
  target_link_libraries(${target} INTERFACE ${library})

  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # A CONSTANT import's symbol is its slot in the import address table. GNU dlltool makes a jump
    # thunk of it instead, as if it were a function.
    set(underscore "")
    if(CULVERT_ARCHITECTURE STREQUAL "x86")
      set(underscore _)
    endif()
    file(STRINGS ${def} constants REGEX "[ \t]CONSTANT$")
    foreach(line IN LISTS constants)
      string(REGEX MATCH "[A-Za-z][A-Za-z0-9]*" name "${line}")
      target_link_options(${target} INTERFACE
        -Wl,--undefined,__imp_${underscore}${name}
        -Wl,--defsym,${underscore}${name}=__imp_${underscore}${name})
    endforeach()
  endif()
endfunction()

# culvert_entry(TARGET NAME BYTES): links TARGET to begin at the stdcall function NAME, whose
# arguments take BYTES on x86, where its symbol is decorated.
function(culvert_entry target name bytes)
  set(symbol ${name})
  if(CULVERT_ARCHITECTURE STREQUAL "x86")
    set(symbol ${name}@${bytes})
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
      # lld puts the underscore of C names in front by itself.
      set(symbol _${symbol})
    endif()
  endif()
  target_link_options(${target} PRIVATE -Wl,--entry,${symbol})
endfunction()

# culvert_kernel_image(TARGET NAME): links TARGET, an executable, as the kernel image NAME.
function(culvert_kernel_image target name)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX "")
  target_compile_options(${target} PRIVATE -ffreestanding -fno-builtin-malloc -mno-stack-arg-probe
                                           -fno-stack-protector)
  if(CULVERT_ARCHITECTURE STREQUAL "x86")
    # These registers belong to the interrupted thread: KeSaveFloatingPointState is never called.
    target_compile_options(${target} PRIVATE -mno-sse -mno-mmx -mno-80387)
    # x86 has no such tables; GCC makes them all the same.
    target_compile_options(${target} PRIVATE -fno-asynchronous-unwind-tables)
  else()
    # -ffreestanding takes the unwind data away that the ABI demands of every function with a frame.
    target_compile_options(${target} PRIVATE -fasynchronous-unwind-tables)
  endif()
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Pool tags are written as characters.
    target_compile_options(${target} PRIVATE -Wno-multichar)
  else()
    target_link_options(${target} PRIVATE -Wl,-Xlink=/driver -Wl,-Xlink=/release)
  endif()
  culvert_entry(${target} DriverEntry 8)
  # Windows on arm64 began with 10.0, which is what drivers for it carry.
  if(CULVERT_ARCHITECTURE STREQUAL "arm64")
    target_link_options(${target} PRIVATE -nostdlib -Wl,--subsystem,native:10.0)
  else()
    target_link_options(${target} PRIVATE -nostdlib -Wl,--subsystem,native:6.1)
  endif()
endfunction()

# culvert_ship(TARGET): leaves debug information out of TARGET, and links the same objects once more
# with it, as debug/ beside TARGET's file: the same code at the same addresses, for debuggers. Called
# last. Not done by stripping: the checksum in the image would be wrong afterwards.
function(culvert_ship target)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # lld gives images with debug information such a section, which moves those behind it.
    target_link_options(${target} PRIVATE -Wl,--build-id)
  endif()
  get_target_property(type ${target} TYPE)
  get_target_property(options ${target} LINK_OPTIONS)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  get_target_property(sources ${target} SOURCES)
  get_target_property(name ${target} OUTPUT_NAME)
  get_target_property(suffix ${target} SUFFIX)
  target_link_options(${target} PRIVATE -Wl,-s)
  list(FILTER sources INCLUDE REGEX "\\.def$")
  if(type STREQUAL "EXECUTABLE")
    add_executable(${target}_debug $<TARGET_OBJECTS:${target}> ${sources})
  else()
    add_library(${target}_debug SHARED $<TARGET_OBJECTS:${target}> ${sources})
  endif()
  set_target_properties(${target}_debug PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX "${suffix}" LINKER_LANGUAGE C LINK_OPTIONS "${options}"
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/debug
    ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/debug)
  target_link_libraries(${target}_debug PRIVATE ${libraries})
endfunction()
