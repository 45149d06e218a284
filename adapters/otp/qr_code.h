#pragma once
// QR codes (ISO/IEC 18004) of medium error correction, dark on white with the quiet zone of four modules.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::otp {

class QrCode {
 public:
  /// Nothing when it is too long: 3,391 capital letters and digits, or 2,331 bytes of anything.
  static std::optional<QrCode> of(std::string_view content);

  /// Pixels that a picture needs on each side: one a module.
  int least_size() const { return side_; }
  /// In a box of so many pixels, or, with 0, of the viewer's choice.
  std::optional<std::string> svg(int size) const;
  /// Greyscale, exactly so many pixels on each side; modules are as large as fit.
  std::optional<std::string> png(int size) const;

 private:
  bool is_dark(int x, int y) const { return modules_[static_cast<std::size_t>(y * side_ + x)]; }
  int side_ = 0;  ///< with the quiet zone
  std::vector<bool> modules_;
};

}  // namespace countersign::otp
