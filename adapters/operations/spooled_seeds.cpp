#include "adapters/operations/spooled_seeds.h"

#include <stdexcept>

#include "adapters/keys/hkdf.h"
#include "adapters/operations/spool.h"
#include "projections/row_codec.h"

namespace countersign::operations {
namespace {

enum class Opener : std::uint8_t { none, preshared_key, passphrase };
constexpr std::size_t front_size_bytes = 2;

/// Takes what stands in front of the file off the text.
seed_files::FileKey take_front(std::string_view& text) {
  const auto damaged = [] { return std::runtime_error("the spooled import is damaged: it doesn't say what opens it"); };
  if (text.size() < front_size_bytes) throw damaged();
  const auto size =
      static_cast<std::size_t>(static_cast<std::uint8_t>(text[0])) << 8 | static_cast<std::uint8_t>(text[1]);
  text.remove_prefix(front_size_bytes);
  if (text.size() < size) throw damaged();
  projections::RowReader in(text.substr(0, size));
  text.remove_prefix(size);
  switch (in.enumerator<Opener>()) {
    case Opener::none: return {};
    case Opener::preshared_key: return seed_files::PresharedKey{keys::SecretBytes(in.text())};
    case Opener::passphrase: return seed_files::Passphrase{keys::SecretBytes(in.text())};
  }
  throw damaged();
}

}  // namespace

std::optional<keys::Key> seed_spool_key(const keys::KeyStore& keys, domain::AccountId account,
                                        domain::OperationId operation) {
  const auto of_account = keys.account_key(account);
  if (!of_account) return std::nullopt;
  return keys::hkdf(keys.cluster().lookup.key.view(), of_account->view(), "spooled seeds", operation.uuid.view());
}

std::string text_in_front(const seed_files::FileKey& key) {
  projections::RowWriter out;
  const auto put = [&](Opener kind, std::string_view secret) { out.number(static_cast<unsigned>(kind)).text(secret); };
  if (const auto* preshared = std::get_if<seed_files::PresharedKey>(&key))
    put(Opener::preshared_key, preshared->bytes.view());
  else if (const auto* passphrase = std::get_if<seed_files::Passphrase>(&key))
    put(Opener::passphrase, passphrase->text.view());
  else
    put(Opener::none, "");
  const auto text = out.take();
  std::string front{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  return front + text;
}

bool SpooledSeeds::each(const std::function<bool(seed_files::SeedRow& row)>& visit) {
  std::unique_ptr<seed_files::SeedFileReader> reader;
  const bool read = each_piece(file_, key_, [&](std::string_view text, bool last) {
    if (!reader) reader = seed_files::make_reader_for(content_type_, take_front(text));
    if (!reader) throw std::runtime_error("the import's media type isn't known");
    reader->feed(text);
    if (last) reader->finish();
    while (auto row = reader->next())
      if (!visit(*row)) return false;
    if (const auto failure = reader->failure()) throw std::runtime_error(failure->code + ": " + failure->detail);
    return true;
  });
  if (read) ignored_ = reader->ignored();
  return read;
}

}  // namespace countersign::operations
