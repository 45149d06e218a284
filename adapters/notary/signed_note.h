#pragma once
// Signed notes (C2SP signed-note) with Ed25519: a text, an empty line, and signature lines that name their keys. And
// verifier keys in their text form, "<name>+<hash>+<key>", as Go's sumdb/note takes them.
//
// Limits: notes of 1 MB, unless the reader takes longer ones. Pure but for OpenSSL.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/keys/ed25519.h"

namespace countersign::notary {

struct VerifierKey {
  std::string name;  ///< without blanks and plus signs
  keys::PublicKey key{};

  bool operator==(const VerifierKey&) const = default;
  /// First four bytes of SHA-256(name, newline, 1, key).
  std::string hash() const;
  std::string text() const;
};
/// Nothing for what isn't one, has a wrong hash, or is no Ed25519 key.
std::optional<VerifierKey> parse_verifier_key(std::string_view text);
/// Whether keys may have this name.
bool is_key_name(std::string_view name);

/// `text` ends with a newline. Throws std::logic_error when text or name can't be a note's.
std::string sign_note(std::string_view text, const std::string& name, const keys::Key& seed);

enum class NoteFlaw {
  malformed,    ///< no note
  unknown_key,  ///< no signature is by one of the keys
  forged,       ///< a signature that names one of the keys isn't by it
};
struct OpenedNote {
  std::string text;
  VerifierKey signer;
};
inline constexpr std::size_t most_note_bytes = 1'000'000;

/// All signatures of known keys must be good, and one must be there; those of other keys are passed over.
std::variant<OpenedNote, NoteFlaw> open_note(std::string_view note, std::span<const VerifierKey> keys,
                                             std::size_t most_bytes = most_note_bytes);
/// The text, whoever signed it; nothing when it is no note.
std::optional<std::string> text_of_note(std::string_view note);

}  // namespace countersign::notary
