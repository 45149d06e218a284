#include <algorithm>
#include <deque>

#include "adapters/directory/text_checks.h"
#include "adapters/seed_files/pskc_encryption.h"
#include "adapters/seed_files/seed_checks.h"
#include "adapters/seed_files/xml_events.h"

namespace countersign::seed_files {
namespace {

constexpr std::string_view name_space = "urn:ietf:params:xml:ns:keyprov:pskc";

struct Package {
  std::string manufacturer, serial;
};

/// Texts of a Key. RawSeed's serial and manufacturer are its package's, its type and suite come from the algorithm.
struct RawKey : RawSeed {
  std::string id, profile, encoding, check_digits;
  std::string plain, cipher, encrypted, mac;
  std::string counter_cipher, period_cipher;
  bool uses_are_limited = false, may_be_used = false;
};

/// Where a text stands: in an element, or in an attribute of it.
template <class Texts>
struct Place {
  std::string_view path, attribute;
  std::string Texts::*member;
};

constexpr Place<Package> package_places[] = {
    {"KeyContainer/KeyPackage/DeviceInfo/Manufacturer", "", &Package::manufacturer},
    {"KeyContainer/KeyPackage/DeviceInfo/SerialNo", "", &Package::serial}};

constexpr Place<RawKey> key_places[] = {
    {"KeyContainer/KeyPackage/Key", "Id", &RawKey::id},
    {"KeyContainer/KeyPackage/Key", "Algorithm", &RawKey::profile},
    {"KeyContainer/KeyPackage/Key/Issuer", "", &RawKey::issuer},
    {"KeyContainer/KeyPackage/Key/AlgorithmParameters/Suite", "", &RawKey::suite},
    {"KeyContainer/KeyPackage/Key/AlgorithmParameters/ResponseFormat", "Length", &RawKey::digits},
    {"KeyContainer/KeyPackage/Key/AlgorithmParameters/ResponseFormat", "Encoding", &RawKey::encoding},
    {"KeyContainer/KeyPackage/Key/AlgorithmParameters/ResponseFormat", "CheckDigits", &RawKey::check_digits},
    {"KeyContainer/KeyPackage/Key/Data/Secret/PlainValue", "", &RawKey::plain},
    {"KeyContainer/KeyPackage/Key/Data/Secret/EncryptedValue/EncryptionMethod", "Algorithm", &RawKey::cipher},
    {"KeyContainer/KeyPackage/Key/Data/Secret/EncryptedValue/CipherData/CipherValue", "", &RawKey::encrypted},
    {"KeyContainer/KeyPackage/Key/Data/Secret/ValueMAC", "", &RawKey::mac},
    {"KeyContainer/KeyPackage/Key/Data/Counter/PlainValue", "", &RawKey::counter},
    {"KeyContainer/KeyPackage/Key/Data/Counter/EncryptedValue/CipherData/CipherValue", "", &RawKey::counter_cipher},
    {"KeyContainer/KeyPackage/Key/Data/TimeInterval/PlainValue", "", &RawKey::period},
    {"KeyContainer/KeyPackage/Key/Data/TimeInterval/EncryptedValue/CipherData/CipherValue", "", &RawKey::period_cipher},
    {"KeyContainer/KeyPackage/Key/Policy/ExpiryDate", "", &RawKey::expiry}};

constexpr Place<EncryptionTexts> encryption_places[] = {
    {"KeyContainer/EncryptionKey/DerivedKey/KeyDerivationMethod", "Algorithm", &EncryptionTexts::derivation},
    {"KeyContainer/EncryptionKey/DerivedKey/KeyDerivationMethod/PBKDF2-params/Salt/Specified", "",
     &EncryptionTexts::salt},
    {"KeyContainer/EncryptionKey/DerivedKey/KeyDerivationMethod/PBKDF2-params/IterationCount", "",
     &EncryptionTexts::iterations},
    {"KeyContainer/EncryptionKey/DerivedKey/KeyDerivationMethod/PBKDF2-params/KeyLength", "",
     &EncryptionTexts::key_length},
    {"KeyContainer/EncryptionKey/DerivedKey/KeyDerivationMethod/PBKDF2-params/PRF", "Algorithm",
     &EncryptionTexts::function},
    {"KeyContainer/MACMethod", "Algorithm", &EncryptionTexts::mac},
    {"KeyContainer/MACMethod/MACKey/EncryptionMethod", "Algorithm", &EncryptionTexts::mac_key_cipher},
    {"KeyContainer/MACMethod/MACKey/CipherData/CipherValue", "", &EncryptionTexts::mac_key}};

template <class Texts, std::size_t size>
void take(XmlEvent& event, const Place<Texts> (&places)[size], Texts& texts) {
  const bool opened = event.kind == XmlEvent::Kind::opened;
  for (const auto& place : places) {
    if (place.attribute.empty() == opened || place.path != event.path) continue;
    if (!opened) texts.*place.member = directory::trim(event.text);
    for (const auto& [name, value] : event.attributes)
      if (name == place.attribute) texts.*place.member = directory::trim(value);
  }
}

class PskcReader final : public SeedFileReader {
 public:
  explicit PskcReader(FileKey key) : file_key_(std::move(key)) {}

  void feed(std::string_view bytes) override { xml_.feed(bytes); }
  void finish() override { xml_.finish(); }
  std::optional<RecordError> failure() const override { return failure_; }
  const std::vector<std::string>& ignored() const override { return ignored_; }

  std::optional<SeedRow> next() override {
    XmlEvent event;
    while (!failure_ && xml_.next(event)) {
      auto row = take_event(event);
      OPENSSL_cleanse(event.text.data(), event.text.size());
      if (row && !failure_) return row;
    }
    if (!failure_) failure_ = xml_.failure();
    return std::nullopt;
  }

 private:
  /// A row when a key closes.
  std::optional<SeedRow> take_event(XmlEvent& event) {
    const bool opened = event.kind == XmlEvent::Kind::opened;
    if (opened) begin(event);
    take(event, package_places, package_);
    take(event, key_places, key_);
    take(event, encryption_places, encryption_);
    if (!opened && event.path == "KeyContainer/KeyPackage/Key/Policy/KeyUsage") take_use(event.text);
    if (opened || event.path != "KeyContainer/KeyPackage/Key") return std::nullopt;
    return SeedRow{line_, number_, read_key()};
  }

  void begin(const XmlEvent& event) {
    const bool root = event.path.find('/') == event.path.npos;
    if (root && (event.path != "KeyContainer" || event.name_space != name_space))
      failure_ = RecordError{"not-pskc", "the file is XML, but no KeyContainer of RFC 6030"};
    if (event.path == "KeyContainer/EncryptionKey/X509Data")
      failure_ = RecordError{"encryption-unknown",
                             "the file is encrypted to a certificate; only a pre-shared key or a passphrase will do"};
    if (event.path == "KeyContainer/KeyPackage") package_ = {};
    if (event.path == "KeyContainer/KeyPackage/Key") {
      key_ = {};
      line_ = event.line;
      ++number_;
    }
  }

  void take_use(std::string_view text) {
    const auto use = directory::trim(text);
    key_.uses_are_limited = true;
    key_.may_be_used = key_.may_be_used || use == "OTP" || use == "CR";
  }

  std::variant<TokenSeed, RecordError> read_key() {
    auto seed = read_seed();
    if (auto wrong = complete_key()) return *wrong;
    auto token = check_token(key_);
    if (auto* const read = std::get_if<TokenSeed>(&token)) {
      if (auto* const wrong = std::get_if<RecordError>(&seed)) return *wrong;
      read->seed = std::move(std::get<keys::SecretBytes>(seed));
    }
    return token;
  }

  /// What a key says in a way of its own.
  std::optional<RecordError> complete_key() {
    key_.serial = package_.serial.empty() ? key_.id : package_.serial;
    key_.manufacturer = package_.manufacturer;
    // "...:totp"; drafts had "...#totp", and OCRA's suite behind it.
    const auto profile = key_.profile.starts_with(name_space) ? key_.profile.substr(name_space.size()) : "";
    if (!profile.starts_with(':') && !profile.starts_with('#'))
      return RecordError{"type-unknown", "the algorithm is no profile of PSKC's"};
    key_.type = profile.substr(1);
    if (key_.type.empty() || key_.type == "pin")
      return RecordError{"type-unknown", "the key is a PIN, or of no algorithm"};
    if (key_.type.starts_with("OCRA-1:")) key_.suite = std::exchange(key_.type, "ocra");
    if (directory::to_lower_ascii(key_.type) != "ocra") key_.algorithm = std::exchange(key_.suite, {});
    if (!key_.encoding.empty() && key_.encoding != "DECIMAL")
      return RecordError{"encoding-unknown", "responses are encoded otherwise than DECIMAL"};
    if (key_.check_digits == "true" || key_.check_digits == "1")
      return RecordError{"encoding-unknown", "responses have a check digit"};
    if (key_.uses_are_limited && !key_.may_be_used)
      return RecordError{"use-forbidden", "the policy doesn't allow one-time passwords and responses"};
    if (!key_.counter_cipher.empty()) return RecordError{"counter-invalid", "the counter is encrypted"};
    if (!key_.period_cipher.empty()) return RecordError{"period-invalid", "the time interval is encrypted"};
    return std::nullopt;
  }

  std::variant<keys::SecretBytes, RecordError> read_seed() {
    if (!key_.encrypted.empty()) return read_encrypted();
    const auto text = keys::take_secret(key_.plain);
    if (text.empty()) return RecordError{"seed-missing", "the seed is missing"};
    auto bytes = parse_wrapped_base64(text.view());
    if (!bytes) return RecordError{"seed-malformed", "the seed isn't base 64"};
    return checked(keys::take_secret(*bytes));
  }

  std::variant<keys::SecretBytes, RecordError> read_encrypted() {
    if (!opener_) {
      auto made = ValueOpener::make(encryption_, file_key_);
      if (auto* const wrong = std::get_if<RecordError>(&made)) {
        failure_ = *wrong;
        return *wrong;
      }
      opener_ = std::move(std::get<ValueOpener>(made));
    }
    auto seed = opener_->open(key_.cipher, key_.encrypted, key_.mac);
    if (auto* const wrong = std::get_if<RecordError>(&seed)) {
      // While no MAC has fitted yet, it is the key that doesn't.
      if (wrong->code == "mac-wrong" && !opened_)
        failure_ = RecordError{"key-wrong", "the key or passphrase isn't the file's, or its first key is damaged"};
      return *wrong;
    }
    opened_ = true;
    return checked(std::move(std::get<keys::SecretBytes>(seed)));
  }

  static std::variant<keys::SecretBytes, RecordError> checked(keys::SecretBytes seed) {
    if (auto wrong = check_seed(seed)) return *wrong;
    return seed;
  }

  XmlEvents xml_;
  FileKey file_key_;
  EncryptionTexts encryption_;
  std::optional<ValueOpener> opener_;
  bool opened_ = false;  ///< a MAC was right
  Package package_;
  RawKey key_;
  std::uint64_t line_ = 0, number_ = 0;
  std::vector<std::string> ignored_;  ///< never any
  std::optional<RecordError> failure_;
};

}  // namespace

std::unique_ptr<SeedFileReader> make_pskc_reader(FileKey key) {
  return std::make_unique<PskcReader>(std::move(key));
}

}  // namespace countersign::seed_files
