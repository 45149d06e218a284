#include "adapters/operations/spool.h"

#include <openssl/crypto.h>

#include <stdexcept>

#include "adapters/keys/sealed_file.h"

namespace countersign::operations {
namespace {

/// Overwritten when it goes: what is spooled may be seeds.
struct Piece {
  std::string text;
  ~Piece() { clear(); }
  void clear() {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
  }
};

}  // namespace

bool each_piece(const std::filesystem::path& file, const keys::Key& key,
                const std::function<bool(std::string_view text, bool last)>& visit) {
  auto spool = keys::SealedFileReader::open(file, key);
  if (spool.has_error()) throw std::runtime_error("the spooled import can't be read: " + spool.error().message());
  Piece piece;
  for (bool more = true; more;) {
    piece.clear();
    const auto read = spool->read(piece.text);
    if (read.has_error()) throw std::runtime_error("the spooled import is damaged: " + read.error().message());
    more = *read == keys::SealedFileReader::More::yes;
    if (!visit(piece.text, !more)) return false;
  }
  return true;
}

}  // namespace countersign::operations
