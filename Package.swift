// swift-tools-version: 6.0
// SPDX-License-Identifier: MPL-2.0
import PackageDescription

/// `make LINK=dynamic` (passed on as VSH_LINK) takes the C libraries as shared ones, for distributions; the Swift library,
/// which distributions do not package, stays inside.
let isDynamic = Context.environment["VSH_LINK"] == "dynamic"

/// Release code is compiled whole-module with inlining across modules. Exclusivity is checked in debug builds and in
/// the tests; the shell runs on one thread, so reference counts need no atomics (docs/decisions/0001-compiler-flags.md).
/// Without the implicit imports: their libraries would be linked whole, 1 MB that nothing calls.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags([
        "-Xfrontend", "-disable-implicit-string-processing-module-import",
        "-Xfrontend", "-disable-implicit-concurrency-module-import",
    ]),
    .unsafeFlags(
        [
            "-cross-module-optimization", "-enforce-exclusivity=unchecked", "-assume-single-threaded",
            "-Xfrontend", "-function-sections",
        ], .when(configuration: .release)),
]
let cSettings: [CSetting] = [.define("_GNU_SOURCE"), .unsafeFlags(["-O2", "-Wall", "-ffunction-sections"])]
/// The linker strips, so that building twice relinks nothing; VSH_SYMBOLS=1 keeps the symbols for profilers. lld comes
/// with the toolchain and, unlike gold, does not warn of a `dlopen` in static libraries that is never reached.
let keepsSymbols = Context.environment["VSH_SYMBOLS"] != nil
let linkerSettings: [LinkerSetting] =
    [.unsafeFlags([isDynamic ? "-static-stdlib" : "-static-executable"])]
    + [.unsafeFlags(["-use-ld=lld", "-Xlinker", "--gc-sections"])]
    // The functions that a start runs through, on as few pages as they fit (Tests/bench/startup-order makes the list).
    + [
        .unsafeFlags([
            "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/Sources/vsh/startup.order",
            "-Xlinker", "--no-warn-symbol-ordering",
        ])
    ]
    + (keepsSymbols ? [] : [.unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release))])

let package = Package(
    name: "vsh",
    products: [.executable(name: "vsh", targets: ["vsh"])],
    targets: [
        .target(name: "CVshSystem", cSettings: cSettings),
        .target(name: "CVshRecorder", dependencies: ["CVshSystem"], cSettings: cSettings),
        // Beside the others, since tests and dynamic programs must not be linked with it.
        .target(name: "CVshStart", cSettings: cSettings + (isDynamic ? [] : [.define("VSH_STATIC")])),
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CEdit"),
        .target(name: "VshBase", swiftSettings: swiftSettings),
        .target(name: "VshSyntax", dependencies: ["VshBase"], swiftSettings: swiftSettings),
        .target(
            name: "VshSystem", dependencies: ["VshBase", "CVshSystem", "CVshRecorder"], swiftSettings: swiftSettings),
        .target(name: "VshCore", swiftSettings: swiftSettings),
        .target(
            name: "VshStore", dependencies: ["VshBase", "VshSystem", "VshCore", "CSQLite"],
            swiftSettings: swiftSettings),
        .target(
            name: "VshFiles", dependencies: ["VshBase", "VshSystem", "VshCore", "VshStore"],
            swiftSettings: swiftSettings),
        .target(
            name: "VshRuntime", dependencies: ["VshBase", "VshSyntax", "VshSystem", "VshFiles"],
            swiftSettings: swiftSettings),
        .target(
            name: "VshBuiltins", dependencies: ["VshBase", "VshSystem", "VshFiles", "VshRuntime"],
            swiftSettings: swiftSettings),
        .target(
            name: "VshInteractive",
            dependencies: [
                "VshBase", "VshSyntax", "VshSystem", "VshCore", "VshStore", "VshFiles", "VshRuntime", "VshBuiltins",
                "CEdit",
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "vsh",
            dependencies: [
                "VshBase", "VshSyntax", "VshSystem", "VshFiles", "VshRuntime", "VshBuiltins", "VshInteractive",
                "CVshStart",
            ],
            exclude: ["startup.order"],
            swiftSettings: swiftSettings, linkerSettings: linkerSettings),
        .testTarget(name: "VshSyntaxTests", dependencies: ["VshBase", "VshSyntax"]),
        .testTarget(name: "VshSystemTests", dependencies: ["VshSystem", "CVshSystem"]),
        .testTarget(name: "VshCoreTests", dependencies: ["VshCore"]),
        .testTarget(name: "VshBaseTests", dependencies: ["VshBase"]),
        .testTarget(name: "VshBuiltinsTests", dependencies: ["VshBuiltins", "VshBase", "VshFiles", "VshRuntime"]),
        .testTarget(
            name: "VshRuntimeTests", dependencies: ["VshRuntime", "VshBase", "VshSyntax", "VshFiles"]),
        .testTarget(name: "VshStoreTests", dependencies: ["VshStore", "VshSystem"]),
        .testTarget(name: "VshInteractiveTests", dependencies: ["VshInteractive", "VshBase", "VshSystem"]),
        .testTarget(name: "VshFilesTests", dependencies: ["VshFiles", "VshStore", "VshSystem"]),
    ]
)
