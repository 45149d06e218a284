#include "tools/countersign/hidden_input.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace countersign::cli {

bool is_typed_at_a_terminal() {
  return ::isatty(STDIN_FILENO) != 0;
}

std::string ask_hidden(const std::string& prompt) {
  termios shown{};
  const bool terminal = is_typed_at_a_terminal() && ::tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    auto hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
    std::cerr << prompt << ": ";
  }
  std::string secret;
  std::getline(std::cin, secret);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    std::cerr << '\n';
  }
  return secret;
}

}  // namespace countersign::cli
