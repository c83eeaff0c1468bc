# SPDX-License-Identifier: MIT
# Signing the driver package with a certificate of the user's: see docs/windows.md.
set(CULVERT_SIGN_CERTIFICATE "" CACHE FILEPATH "Certificate (PEM) to sign culvert.sys and culvert.cat with")
set(CULVERT_SIGN_KEY "" CACHE FILEPATH "Its private key (PEM)")
if(CULVERT_SIGN_CERTIFICATE)
  find_program(CULVERT_OSSLSIGNCODE osslsigncode REQUIRED DOC "Makes Authenticode signatures")
endif()

# culvert_sign(VARIABLE FILE): sets VARIABLE to the commands that put a signature into FILE, for
# add_custom_command; to none if there is no certificate.
function(culvert_sign variable file)
  set(commands)
  if(CULVERT_SIGN_CERTIFICATE)
    set(commands
      COMMAND ${CMAKE_COMMAND} -E rm -f ${file}.signed
      COMMAND ${CULVERT_OSSLSIGNCODE} sign -h sha256 -certs ${CULVERT_SIGN_CERTIFICATE}
              -key ${CULVERT_SIGN_KEY} -in ${file} -out ${file}.signed
      COMMAND ${CMAKE_COMMAND} -E rename ${file}.signed ${file})
  endif()
  set(${variable} ${commands} PARENT_SCOPE)
endfunction()
