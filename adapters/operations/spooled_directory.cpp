#include "adapters/operations/spooled_directory.h"

#include <stdexcept>

#include "adapters/keys/sealed_file.h"

namespace countersign::operations {

bool SpooledDirectory::each(const std::function<bool(const directory::DirectoryRecord& record)>& visit) {
  auto spool = keys::SealedFileReader::open(file_, key_);
  if (spool.has_error()) throw std::runtime_error("the spooled import can't be read: " + spool.error().message());
  const auto reader = directory::make_reader_for(content_type_);
  if (!reader) throw std::runtime_error("the import's media type isn't known");
  std::string text;
  for (bool more = true; more;) {
    text.clear();
    const auto read = spool->read(text);
    if (read.has_error()) throw std::runtime_error("the spooled import is damaged: " + read.error().message());
    more = *read == keys::SealedFileReader::More::yes;
    reader->feed(text);
    if (!more) reader->finish();
    while (const auto record = reader->next())
      if (!visit(*record)) return false;
    if (const auto failure = reader->failure()) throw std::runtime_error(failure->code + ": " + failure->detail);
  }
  ignored_ = reader->ignored();
  return true;
}

}  // namespace countersign::operations
