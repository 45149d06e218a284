#include "adapters/directory/directory_reader.h"

#include "adapters/directory/text_checks.h"

namespace countersign::directory {

std::unique_ptr<DirectoryReader> make_reader_for(std::string_view content_type) {
  const std::string type = to_lower_ascii(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "text/csv") return make_csv_reader();
  if (type == "application/x-ndjson") return make_ndjson_reader();
  return nullptr;
}

}  // namespace countersign::directory
