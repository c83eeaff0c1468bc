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
endfunction()

# culvert_kernel_image(TARGET NAME): links TARGET, an executable, as the kernel image NAME.
function(culvert_kernel_image target name)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX "")
  target_compile_options(${target} PRIVATE -ffreestanding -fno-builtin-malloc -mno-stack-arg-probe
                                           -fno-stack-protector)
  if(CULVERT_ARCHITECTURE STREQUAL "x86")
    # fastcall decoration and all: the entry point is stdcall there.
    set(entry DriverEntry@8)
  else()
    set(entry DriverEntry)
  endif()
  target_link_options(${target} PRIVATE -nostdlib -Wl,--subsystem,native:6.1 -Wl,--entry,${entry}
                      -Wl,-Xlink=/driver -Wl,-Xlink=/release)
endfunction()
