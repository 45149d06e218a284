// countersign-authenticator: a software device. It scans pictures, registers without a network, and makes one-time
// passwords.
//
// Exit: 0 done, 1 it didn't work, 2 not understood. Errors go to stderr.

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "tools/authenticator/picture.h"
#include "tools/authenticator/scanning.h"
#include "tools/authenticator/state_file.h"
#include "tools/countersign/hidden_input.h"
#include "tools/countersign/text.h"

namespace {

using namespace countersign;
using namespace countersign::authenticator;
using cli::LocalError;

struct Options {
  std::string state, passphrase_file, picture, password_file, serial_number;
  bool yes = false;
};

std::string first_line_of(const std::string& file) {
  const auto text = cli::read_private_file(file);
  if (!text) throw LocalError(file + ": there is no such file.");
  return text->substr(0, text->find_first_of("\r\n"));
}

std::string passphrase(const Options& options, const std::filesystem::path& file) {
  if (!options.passphrase_file.empty()) return first_line_of(options.passphrase_file);
  if (const char* given = std::getenv("COUNTERSIGN_PASSPHRASE")) return given;
  if (StateFile::exists(file)) return cli::ask_hidden("Passphrase of " + file.string());
  auto chosen = cli::ask_hidden("A passphrase for " + file.string());
  if (cli::is_typed_at_a_terminal() && cli::ask_hidden("Once more") != chosen)
    throw LocalError("The two passphrases differ.");
  return chosen;
}

class Device {
 public:
  explicit Device(const Options& options)
      : Device(options,
               options.state.empty() ? cli::private_path("authenticator") : std::filesystem::path(options.state)) {}
  Entries entries;
  void save() { file_.write(encode(entries)); }

 private:
  Device(const Options& options, const std::filesystem::path& file)
      : file_(file, checked(passphrase(options, file), file)) {
    entries = decode_entries(file_.contents());
  }
  static std::string checked(std::string passphrase, const std::filesystem::path& file) {
    if (!StateFile::exists(file) && passphrase.size() < least_passphrase)
      throw LocalError("A passphrase has at least " + std::to_string(least_passphrase) + " characters.");
    return passphrase;
  }
  StateFile file_;
};

bool agreed(const Options& options) {
  if (options.yes) return true;
  std::cerr << "Go on? [y/N] ";
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void scan(const Options& options) {
  const auto text = text_in_picture(options.picture);
  Device device(options);
  const auto scanned = look_at(text, device.entries);
  std::cerr << "account:       " << cli::escaped(scanned.account) << "\nuser:          " << cli::escaped(scanned.user)
            << "\nserial number: " << cli::escaped(scanned.serial_number) << '\n';
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  if (scanned.kind == Scanned::Kind::first_message && scanned.expires_at < now.count())
    throw LocalError("This registration has lapsed: begin another one.");
  if (!agreed(options)) throw LocalError("Nothing was done.");
  switch (scanned.kind) {
    case Scanned::Kind::first_message: {
      const auto code = begin_registration(scanned, device.entries);
      device.save();
      std::cerr << "device code:\n";
      std::cout << code << '\n';
      break;
    }
    case Scanned::Kind::second_message: {
      const auto password =
          options.password_file.empty() ? cli::ask_hidden("Activation password") : first_line_of(options.password_file);
      const auto signature = finish_registration(scanned, password, device.entries);
      device.save();
      std::cerr << "signature:\n";
      std::cout << signature << '\n';
      break;
    }
    case Scanned::Kind::otpauth_uri:
      take_up(scanned, device.entries);
      device.save();
      std::cerr << "taken up\n";
      break;
  }
}

void list(const Options& options) {
  Device device(options);
  for (const auto& entry : device.entries.entries)
    std::cout << cli::escaped(entry.serial_number) << '\t' << domain::type_text(entry.type) << '\t'
              << cli::escaped(entry.account) << '\t' << cli::escaped(entry.user) << '\n';
}

void otp(const Options& options) {
  Device device(options);
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto password = next_password(device.entries.named(options.serial_number), now.count());
  device.save();  // before anybody sees it: a counter isn't used twice
  std::cout << password << '\n';
}

void forget(const Options& options) {
  Device device(options);
  const auto serial = device.entries.named(options.serial_number).serial_number;
  if (!agreed(options)) throw LocalError("Nothing was done.");
  std::erase_if(device.entries.entries, [&](const Entry& entry) { return entry.serial_number == serial; });
  device.save();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A device of Countersign's: registers without a network, and makes one-time passwords.");
  app.footer(R"(
  countersign-authenticator scan first.png        shows the device's code
  countersign-authenticator scan second.png       asks for the activation password and shows the signature
  countersign-authenticator otp                   the next one-time password

Seeds lie in one file, encrypted under a passphrase that comes from --passphrase-file, COUNTERSIGN_PASSPHRASE, or is
asked for.

Exit status: 0 done, 1 it didn't work, 2 the command line was not understood.)");
  app.set_version_flag("--version", "countersign-authenticator " COUNTERSIGN_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--state", options.state, "File of the device (~/.config/countersign/authenticator)");
  app.add_option("--passphrase-file", options.passphrase_file, "File whose first line is the passphrase")
      ->check(CLI::ExistingFile);
  auto* scanning = app.add_subcommand("scan", "Look at a picture and go on with what it shows");
  scanning->add_option("picture", options.picture, "A PNG file")->required()->check(CLI::ExistingFile);
  scanning->add_option("--password-file", options.password_file, "File whose first line is the activation password")
      ->check(CLI::ExistingFile);
  auto* listing = app.add_subcommand("list", "Authenticators of this device: serial number, type, account, user");
  auto* making = app.add_subcommand("otp", "The next one-time password");
  auto* forgetting = app.add_subcommand("forget", "Remove an authenticator from this device");
  for (auto* command : {making, forgetting})
    command->add_option("serial-number", options.serial_number, "Of the authenticator, when there is more than one");
  for (auto* command : {scanning, forgetting}) command->add_flag("--yes", options.yes, "Don't ask");
  try {
    app.parse(argc, argv);
    if (*scanning) scan(options);
    if (*listing) list(options);
    if (*making) otp(options);
    if (*forgetting) forget(options);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    app.exit(error, std::cerr, std::cerr);
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "countersign-authenticator: " << cli::escaped(error.what()) << '\n';
    return 1;
  }
}
