# make_chat_page(FILE): writes page.html, with style.css and script.js in it, and their SHA-256 as C++ into FILE. Done
# again by the next build when one of them changes.
function(make_chat_page file)
  set(folder ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${folder}/page.html ${folder}/script.js ${folder}/style.css)
  file(READ ${folder}/page.html page)
  embed_in_page(style ${folder}/style.css [[<link rel="stylesheet" href="style.css">]])
  embed_in_page(script ${folder}/script.js [[<script src="script.js"></script>]])
  configure_file(${folder}/page.cpp.in ${file} @ONLY)
endfunction()

# embed_in_page(TAG FILE REFERENCE): puts FILE into `page` as an element TAG where REFERENCE stands, and its SHA-256, as
# escapes of a C++ literal, into `TAG_digest`.
function(embed_in_page tag file reference)
  file(READ ${file} text)
  string(FIND "${page}" "${reference}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "page.html does not have: ${reference}")
  endif()
  string(REPLACE "${reference}" "<${tag}>${text}</${tag}>" page "${page}")
  string(SHA256 digest "${text}")
  string(REGEX REPLACE "(..)" "\\\\x\\1" digest "${digest}")
  set(page "${page}" PARENT_SCOPE)
  set(${tag}_digest "${digest}" PARENT_SCOPE)
endfunction()
