#include "adapters/operations/spooled_directory.h"

#include <stdexcept>

#include "adapters/operations/spool.h"

namespace countersign::operations {

bool SpooledDirectory::each(const std::function<bool(const directory::DirectoryRecord& record)>& visit) {
  const auto reader = directory::make_reader_for(content_type_);
  if (!reader) throw std::runtime_error("the import's media type isn't known");
  const bool read = each_piece(file_, key_, [&](std::string_view text, bool last) {
    reader->feed(text);
    if (last) reader->finish();
    while (const auto record = reader->next())
      if (!visit(*record)) return false;
    if (const auto failure = reader->failure()) throw std::runtime_error(failure->code + ": " + failure->detail);
    return true;
  });
  if (read) ignored_ = reader->ignored();
  return read;
}

}  // namespace countersign::operations
