#include "adapters/notary/signed_note.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "adapters/keys/master_key.h"
#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::notary {
namespace {

constexpr std::size_t most_signatures = 100, hash_bytes = 4;
constexpr char ed25519 = 1;
constexpr std::string_view dash = "\xe2\x80\x94 ";

std::string typed(const keys::PublicKey& key) {
  return std::string(1, ed25519).append(key.begin(), key.end());
}

struct SignatureLine {
  std::string_view name;
  std::string hash, signature;
};

struct Parsed {
  std::string_view text;
  std::vector<SignatureLine> signatures;
};

bool is_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

std::optional<SignatureLine> parse_signature(std::string_view line) {
  if (!line.starts_with(dash)) return std::nullopt;
  line.remove_prefix(dash.size());
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos || !is_key_name(line.substr(0, blank))) return std::nullopt;
  const auto bytes = keys::parse_base64(line.substr(blank + 1));
  if (!bytes || bytes->size() <= hash_bytes) return std::nullopt;
  return SignatureLine{line.substr(0, blank), bytes->substr(0, hash_bytes), bytes->substr(hash_bytes)};
}

std::optional<Parsed> parse(std::string_view note, std::size_t most_bytes) {
  if (note.size() > most_bytes || !is_text(note) || !note.ends_with('\n')) return std::nullopt;
  const auto gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return std::nullopt;
  Parsed parsed{note.substr(0, gap + 1), {}};
  for (auto rest = note.substr(gap + 2); !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto signature = parse_signature(line);
    if (!signature || parsed.signatures.size() == most_signatures) return std::nullopt;
    parsed.signatures.push_back(*signature);
  }
  if (parsed.signatures.empty()) return std::nullopt;
  return parsed;
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == '+' || c == 0x7f;
  });
}

std::string VerifierKey::hash() const {
  return std::string(bus::view(bus::sha256(name + "\n" + typed(key))).substr(0, hash_bytes));
}

std::string VerifierKey::text() const {
  return name + "+" + keys::hex(hash()) + "+" + keys::base64(typed(key));
}

std::optional<VerifierKey> parse_verifier_key(std::string_view text) {
  const auto name_end = text.find('+');
  const auto hash_end = name_end == std::string_view::npos ? name_end : text.find('+', name_end + 1);
  if (hash_end == std::string_view::npos) return std::nullopt;
  const auto bytes = keys::parse_base64(text.substr(hash_end + 1));
  VerifierKey key{std::string(text.substr(0, name_end)), {}};
  if (!is_key_name(key.name) || !bytes || bytes->size() != 1 + key.key.size() || bytes->front() != ed25519)
    return std::nullopt;
  std::copy(bytes->begin() + 1, bytes->end(), key.key.begin());
  if (text.substr(name_end + 1, hash_end - name_end - 1) != keys::hex(key.hash())) return std::nullopt;
  return key;
}

std::string sign_note(std::string_view text, const std::string& name, const keys::Key& seed) {
  if (!text.ends_with('\n') || !is_text(text) || !is_key_name(name))
    throw std::logic_error("not a note's text or name");
  const VerifierKey key{name, keys::public_key_of(seed)};
  std::string note(text);
  note.append("\n").append(dash).append(name).append(" ");
  return note.append(keys::base64(key.hash() + keys::ed25519_sign(seed, text))).append("\n");
}

std::variant<OpenedNote, NoteFlaw> open_note(std::string_view note, std::span<const VerifierKey> keys,
                                             std::size_t most_bytes) {
  const auto parsed = parse(note, most_bytes);
  if (!parsed) return NoteFlaw::malformed;
  const VerifierKey* signer = nullptr;
  for (const auto& signature : parsed->signatures)
    for (const auto& key : keys) {
      if (key.name != signature.name || key.hash() != signature.hash) continue;
      if (!keys::ed25519_verify(key.key, parsed->text, signature.signature)) return NoteFlaw::forged;
      if (signer == nullptr) signer = &key;
    }
  if (signer == nullptr) return NoteFlaw::unknown_key;
  return OpenedNote{std::string(parsed->text), *signer};
}

std::optional<std::string> text_of_note(std::string_view note) {
  const auto parsed = parse(note, most_note_bytes);
  return parsed ? std::optional(std::string(parsed->text)) : std::nullopt;
}

}  // namespace countersign::notary
