#pragma once
// QR codes in pictures (PNG), as a camera would see them.

#include <filesystem>
#include <string>

namespace countersign::authenticator {

/// The text of the one QR code in the picture. Throws cli::LocalError when there is none, more than one, or no picture.
std::string text_in_picture(const std::filesystem::path& file);

}  // namespace countersign::authenticator
