# Package file of the static libcurl that scripts/deps.sh builds: find_package(CURL) gives CURL::libcurl with everything
# it needs, all of it static archives of this prefix.
include(CMakeFindDependencyMacro)
find_dependency(OpenSSL 3)
find_dependency(Threads)

get_filename_component(_azf_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET CURL::libcurl_static)
  foreach(_azf_name IN ITEMS cares nghttp2 z)
    add_library(CURL::${_azf_name} STATIC IMPORTED)
    set_target_properties(CURL::${_azf_name} PROPERTIES
      IMPORTED_LOCATION "${_azf_prefix}/lib/lib${_azf_name}.a")
  endforeach()

  add_library(CURL::libcurl_static STATIC IMPORTED)
  set_target_properties(CURL::libcurl_static PROPERTIES
    IMPORTED_LOCATION "${_azf_prefix}/lib/libcurl.a"
    INTERFACE_COMPILE_DEFINITIONS CURL_STATICLIB
    INTERFACE_INCLUDE_DIRECTORIES "${_azf_prefix}/include"
    INTERFACE_LINK_LIBRARIES
      "CURL::nghttp2;CURL::cares;OpenSSL::SSL;OpenSSL::Crypto;CURL::z;Threads::Threads")

  add_library(CURL::libcurl INTERFACE IMPORTED)
  set_target_properties(CURL::libcurl PROPERTIES INTERFACE_LINK_LIBRARIES CURL::libcurl_static)
endif()

# The names FindCURL promises.
set(CURL_VERSION_STRING "${CURL_VERSION}")
set(CURL_INCLUDE_DIRS "${_azf_prefix}/include")
set(CURL_LIBRARIES CURL::libcurl)
foreach(_azf_name IN LISTS CURL_FIND_COMPONENTS)
  if(_azf_name MATCHES "^(HTTP|HTTPS|HTTP2|SSL|IPv6|AsynchDNS|libz)$")
    set(CURL_${_azf_name}_FOUND TRUE)
  elseif(CURL_FIND_REQUIRED_${_azf_name})
    set(CURL_FOUND FALSE)
    set(CURL_NOT_FOUND_MESSAGE "this libcurl is built without ${_azf_name}")
  endif()
endforeach()

unset(_azf_prefix)
unset(_azf_name)
