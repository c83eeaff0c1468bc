# SPDX-License-Identifier: MIT
# culvert_link_system_libraries(TARGET NAME...): links TARGET with import libraries of the system.
#
# Debian's mingw-w64 has them for amd64 and x86. Those of arm64 are made from the names in amd64's: no
# architecture decorates them there, and what TARGET uses exists on all three.
function(culvert_link_system_libraries target)
  foreach(name IN LISTS ARGN)
    if(NOT CULVERT_ARCHITECTURE STREQUAL "arm64")
      target_link_libraries(${target} PRIVATE ${name})
      continue()
    endif()
    set(library ${CMAKE_BINARY_DIR}/system/lib${name}.a)
    if(NOT EXISTS ${library})
      execute_process(
        COMMAND llvm-nm-19 --defined-only --extern-only --format=just-symbols
                /usr/x86_64-w64-mingw32/lib/lib${name}.a
        OUTPUT_VARIABLE symbols
        ERROR_QUIET
        COMMAND_ERROR_IS_FATAL ANY)
      string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
      list(FILTER symbols INCLUDE REGEX "^[A-Za-z][A-Za-z0-9_]*$")
      list(SORT symbols)
      list(REMOVE_DUPLICATES symbols)
      list(JOIN symbols "\n" symbols)
      file(WRITE ${CMAKE_BINARY_DIR}/system/${name}.def "LIBRARY ${name}.dll\nEXPORTS\n${symbols}\n")
      execute_process(
        COMMAND ${CMAKE_DLLTOOL} -m arm64 -d ${CMAKE_BINARY_DIR}/system/${name}.def -l ${library}
        COMMAND_ERROR_IS_FATAL ANY)
    endif()
    target_link_libraries(${target} PRIVATE ${library})
  endforeach()
endfunction()
