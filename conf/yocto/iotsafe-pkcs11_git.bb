# SPDX-License-Identifier: Apache-2.0
# Yocto recipe (scarthgap; libinih and pcsc-lite are in meta-oe). Untested on
# hardware, and never built by bitbake: only the syntax is checked (tests/checks/embedded.sh). Say where
# the source is: IOTSAFE_SOURCE and SRCREV.
SUMMARY = "TLS keys on SIM cards (GSMA IoT SAFE): PKCS#11 module, tool and software SIM"
DESCRIPTION = "Makes a SIM with an IoT SAFE applet, in a modem (AT commands, MBIM or QMI) or in a \
card reader, look like any other smart card to programs that speak PKCS#11."
SECTION = "libs"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

DEPENDS = "openssl libinih p11-kit pcsc-lite"

IOTSAFE_SOURCE ?= "git://git.example.org/iotsafe-pkcs11.git;protocol=https;branch=main"
SRC_URI = "${IOTSAFE_SOURCE}"
SRCREV ?= "${AUTOREV}"
PV = "0.1.0+git"
S = "${WORKDIR}/git"

inherit meson pkgconfig useradd

EXTRA_OEMESON = "-Dtests=false -Dwerror=false"

# The agent's user; sysusers.d has the same for images that make users at boot.
USERADD_PACKAGES = "${PN}-agent"
USERADD_PARAM:${PN}-agent = "--system --no-create-home --home-dir / --shell /sbin/nologin \
    --groups dialout --user-group iotsafe"

do_install:append() {
    install -d ${D}${sysconfdir}/iotsafe
    install -m 0644 ${S}/conf/iotsafe.conf ${D}${sysconfdir}/iotsafe/iotsafe.conf
}

PACKAGES =+ "${PN}-agent ${PN}-tools ${PN}-sim"

FILES:${PN} += " \
    ${libdir}/pkcs11/iotsafe-pkcs11.so \
    ${datadir}/p11-kit/modules/iotsafe.module \
    ${nonarch_libdir}/udev/rules.d/70-iotsafe.rules \
    ${nonarch_libdir}/tmpfiles.d/iotsafe.conf \
"
FILES:${PN}-agent = " \
    ${nonarch_libdir}/systemd/system/iotsafe-agent* \
    ${nonarch_libdir}/sysusers.d/iotsafe.conf \
"
FILES:${PN}-tools = " \
    ${bindir}/iotsafe \
    ${datadir}/bash-completion/completions/iotsafe \
"
FILES:${PN}-sim = " \
    ${bindir}/iotsafe-sim \
    ${datadir}/bash-completion/completions/iotsafe-sim \
"
CONFFILES:${PN} = "${sysconfdir}/iotsafe/iotsafe.conf"

RDEPENDS:${PN}-agent = "${PN} p11-kit"
RDEPENDS:${PN}-tools = "${PN}"
# loaded when a card reader is asked for
RRECOMMENDS:${PN} = "pcsc-lite-lib"
