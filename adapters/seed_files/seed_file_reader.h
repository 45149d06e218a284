#pragma once
// Reading the seeds of hardware tokens from the files that vendors ship with them, piece by piece: each row gives
// either a token that passed all checks, or the reason why it didn't. One bad row never stops the others; a file that
// can't be understood any further, or opened with the key that was given, is refused from there on (failure()).
//
// Use: feed() some bytes, take next() until it gives nothing, feed() on; after finish() take next() to the end, and
// look at failure(). Memory: one row (64 KiB of CSV; of PSKC a few texts of 16 KiB), what was fed and not read yet. The
// first encrypted key of a file derives a key from a passphrase, which may take a second. Not thread-safe.
//
// Seeds lie in memory that is overwritten when it goes; what the parsers hold of the file isn't.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/directory/directory_reader.h"
#include "adapters/keys/secret_bytes.h"
#include "adapters/otp/ocra.h"
#include "domain/ids.h"

namespace countersign::seed_files {

using directory::RecordError;

enum class TokenType { totp, hotp, ocra };

inline constexpr std::size_t least_seed_bytes = 16;  ///< RFC 4226, section 4, R6
inline constexpr std::size_t most_seed_bytes = 128;
inline constexpr std::size_t most_serial_characters = 64, most_name_characters = 128;
inline constexpr unsigned least_period_s = 15, most_period_s = 300;

struct TokenSeed {
  std::string serial;                ///< never empty; of PSKC without SerialNo the key's Id
  std::string manufacturer, issuer;  ///< may be empty
  TokenType type = TokenType::totp;
  otp::Shape shape;                     ///< 6 to 8 digits; of OCRA the suite's
  std::uint16_t period_s = 0;           ///< of TOTP
  std::uint64_t counter = 0;            ///< the next one, of HOTP and of OCRA with a counter
  std::optional<otp::OcraSuite> suite;  ///< of OCRA
  domain::UnixMs expires_at = 0;        ///< 0: never
  keys::SecretBytes seed;
};

struct SeedRow {
  std::uint64_t line = 0;    ///< from 1, as a text editor counts; of PSKC where the key's start tag ends
  std::uint64_t number = 0;  ///< of rows or keys, from 1: an XML file may be one line
  std::variant<TokenSeed, RecordError> outcome;
};

class SeedFileReader {
 public:
  virtual ~SeedFileReader() = default;
  virtual void feed(std::string_view bytes) = 0;
  virtual void finish() = 0;
  /// Nothing: more must be fed, or after finish() the end was reached, or failure().
  virtual std::optional<SeedRow> next() = 0;
  /// Why nothing more is read; rows before stand.
  virtual std::optional<RecordError> failure() const = 0;
  /// Columns that mean nothing to us, each once, at most 100.
  virtual const std::vector<std::string>& ignored() const = 0;
};

/// What an encrypted PSKC file is opened with.
struct PresharedKey {
  keys::SecretBytes bytes;  ///< 16, 24 or 32
};
struct Passphrase {
  keys::SecretBytes text;
  unsigned most_iterations = 2'000'000;  ///< of PBKDF2: a second or two; files that ask for more are refused
};
using FileKey = std::variant<std::monostate, PresharedKey, Passphrase>;

/// text/csv, RFC 4180. The first line names the columns, in any order and case: serial and one of seed_hex and
/// seed_base32 have to be there, type (totp, hotp, ocra), algorithm, digits, period, counter, suite, manufacturer and
/// issuer may. Empty cells say: TOTP, SHA1, 6 digits, 30 seconds, 0.
std::unique_ptr<SeedFileReader> make_csv_reader();
/// application/pskc+xml, RFC 6030: plain values, and values encrypted by AES-CBC with a pre-shared key or a passphrase
/// (PBKDF2), whose MACs are checked first. Signatures aren't checked. A DOCTYPE is refused.
std::unique_ptr<SeedFileReader> make_pskc_reader(FileKey key);
/// Nothing for another media type. Parameters such as charset are ignored.
std::unique_ptr<SeedFileReader> make_reader_for(std::string_view content_type, FileKey key);

}  // namespace countersign::seed_files
