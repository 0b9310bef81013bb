// SPDX-License-Identifier: MPL-2.0
import VshBase
import VshStore
import VshSystem

/// Shipping to a central PostgreSQL through `psql`: rows go by COPY into a table of the session, and a function there checks
/// the chain before it takes them. What has arrived stays; a push goes on where the last one stopped.
extension AuditCommand {
    /// Rows sent in one transaction.
    private static var batch: Int { 2000 }

    mutating func push(_ words: [[UInt8]]) throws(StoreError) {
        var url: [UInt8]?
        var follows = false
        var hasText = true
        for word in words {
            switch String(decoding: word, as: UTF8.self) {
            case "--follow": follows = true
            case "--no-text": hasText = false
            case let text where text.hasPrefix("postgresql://") || text.hasPrefix("postgres://"): url = word
            default: return wrong("unknown argument, or not a URL such as postgresql://host/database: ", word)
            }
        }
        guard let url else { return wrong("a URL such as postgresql://host/database is missing") }
        var wait: Int64 = 1
        while true {
            if let pushed = try pushOnce(url, hasText: hasText) {
                wait = 1
                status = 0
                if !follows {
                    output = Array("\(pushed.rows) rows shipped, head \(pushed.head.text)\n".utf8)
                    return
                }
            } else {
                if !follows { return }
                // The server may come back.
                wait = min(wait * 2, 30)
            }
            for _ in 0..<(wait * 10) {
                if Signals.isPending { return }
                try? Clock.sleep(nanoseconds: 100_000_000)
            }
            if Signals.isPending { return }
        }
    }

    /// Ships what is not there yet; nil after a failure, with `status` set.
    private mutating func pushOnce(_ url: [UInt8], hasText: Bool) throws(StoreError) -> (rows: Int64, head: AuditHead)?
    {
        guard let (log, _) = try openLog() else { return nil }
        guard let chain = try log.auditRow(0)?.hash, let head = try log.auditHead() else {
            say("nothing is logged")
            status = 1
            return nil
        }
        guard let answer = psql(url, PushScript.schema + PushScript.newest(chain)),
            let last = Int64(String(decoding: answer.split(separator: 10).last ?? [], as: UTF8.self))
        else {
            status = 1
            return nil
        }
        // The newest row there is sent again: should it be another one here, the server says so.
        var next = max(last, 0)
        let text = AuditText()
        while next <= head.number {
            var script = PushScript.begin
            var query = AuditQuery()
            query.first = next
            query.limit = Self.batch
            query.wantsPaths = hasText
            var count: Int64 = 0
            try log.forEachAuditEntry(query) { entry in
                script += PushScript.line(chain, entry, hasText ? text : nil)
                count += 1
            }
            if count == 0 { break }
            script += PushScript.end
            guard psql(url, script) != nil else {
                status = 1
                return nil
            }
            next += count
        }
        return (max(0, head.number - last), head)
    }

    /// Runs a script; what it prints, or nil when it failed (psql has said why).
    private mutating func psql(_ url: [UInt8], _ script: [UInt8]) -> [UInt8]? {
        let path = environment.first { $0.starts(with: Array("PATH=".utf8)) }.map { Array($0.dropFirst(5)) } ?? []
        let places = path.split(separator: 58).map { Array($0) + Array("/psql".utf8) } + [Array("/usr/bin/psql".utf8)]
        guard let program = places.first(where: { System.isAccessible($0, .execute) }) else {
            say("psql is not to be found: it comes with PostgreSQL")
            return nil
        }
        do {
            // A file in memory, so that a psql that ends early leaves no broken pipe.
            let input = FileDescriptor(owning: try System.memoryFile("vsh-push"))
            try input.writeAll(script)
            _ = try System.seek(input.rawValue, 0)
            let ends = try System.pipe([.closeOnExec])
            let reading = FileDescriptor(owning: ends.read)
            let writing = FileDescriptor(owning: ends.write)
            let arguments = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d"].map { Array($0.utf8) } + [url]
            let pid = try files.startHelper(
                program, arguments, environment: environment,
                actions: [.duplicate(input.rawValue, to: 0), .duplicate(writing.rawValue, to: 1)])
            try writing.close()
            var answer: [UInt8] = []
            while true {
                do {
                    answer += try reading.readAll(limit: 1 << 20)
                    break
                } catch {
                    if error != .interrupted { break }
                }
            }
            while true {
                do {
                    let child = try System.waitForeground(pid)
                    return child?.status.shellStatus == 0 ? answer : nil
                } catch {
                    if error != .interrupted { throw error }
                }
            }
        } catch {
            say("psql: \((error as? Errno)?.message ?? "cannot be run")")
            return nil
        }
    }
}

/// What psql is given.
private enum PushScript {
    /// Makes the schema when it is not there. It can be run by an administrator beforehand: docs/audit.md.
    static var schema: [UInt8] {
        Array(
            #"""
            SET client_min_messages = warning;
            SET client_encoding = 'UTF8';
            SELECT to_regclass('vsh_audit.rows') IS NULL AS missing \gset
            \if :missing
            BEGIN;
            SELECT pg_advisory_xact_lock(7306582041) \gset lock_
            CREATE SCHEMA IF NOT EXISTS vsh_audit;
            CREATE TABLE IF NOT EXISTS vsh_audit.chains(
              chain bytea PRIMARY KEY, login name NOT NULL, described json, first_seen timestamptz NOT NULL DEFAULT now());
            CREATE TABLE IF NOT EXISTS vsh_audit.rows(
              chain bytea NOT NULL REFERENCES vsh_audit.chains, number bigint NOT NULL, type bigint NOT NULL,
              subject bigint NOT NULL, session bigint NOT NULL, process bigint NOT NULL, uid bigint NOT NULL,
              began bigint NOT NULL, ended bigint NOT NULL, outcome bigint NOT NULL, status bigint NOT NULL,
              changes bigint NOT NULL, missing bigint NOT NULL, target bigint NOT NULL, transaction_id bigint NOT NULL,
              records bigint NOT NULL, items bytea NOT NULL, hash bytea NOT NULL, clear json,
              arrived timestamptz NOT NULL DEFAULT now(), PRIMARY KEY(chain, number));
            CREATE OR REPLACE FUNCTION vsh_audit.keep() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN RAISE EXCEPTION 'append only'; END $$;
            CREATE OR REPLACE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON vsh_audit.rows
              FOR EACH STATEMENT EXECUTE FUNCTION vsh_audit.keep();
            CREATE OR REPLACE FUNCTION vsh_audit.newest(bytea) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
              SET search_path = pg_catalog AS $$
              SELECT coalesce(max(number), -1) FROM vsh_audit.rows WHERE chain = $1 $$;
            CREATE OR REPLACE FUNCTION vsh_audit.accept() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
              SET search_path = pg_catalog AS $$
              DECLARE r record; c bytea; previous bytea := decode(repeat('00', 32), 'hex'); next bigint := 0; n bigint := 0;
                owner name;
              BEGIN
                FOR r IN SELECT * FROM pg_temp.vsh_incoming ORDER BY number LOOP
                  IF c IS NULL THEN
                    c := r.chain;
                    PERFORM pg_advisory_xact_lock(hashtextextended(encode(c, 'hex'), 0));
                    SELECT login INTO owner FROM vsh_audit.chains WHERE chain = c;
                    IF owner IS NULL THEN
                      INSERT INTO vsh_audit.chains(chain, login, described) VALUES (c, session_user, r.clear);
                    ELSIF owner <> session_user THEN
                      RAISE EXCEPTION 'this chain is shipped by another user';
                    END IF;
                    SELECT t.number + 1, t.hash INTO next, previous FROM vsh_audit.rows t WHERE chain = c
                      ORDER BY t.number DESC LIMIT 1;
                    IF next IS NULL THEN
                      next := 0;
                      previous := decode(repeat('00', 32), 'hex');
                    END IF;
                  ELSIF r.chain <> c THEN
                    RAISE EXCEPTION 'rows of two chains at once';
                  END IF;
                  IF r.number < next THEN
                    IF NOT EXISTS(SELECT FROM vsh_audit.rows t WHERE t.chain = c AND t.number = r.number AND t.hash = r.hash)
                    THEN
                      RAISE EXCEPTION 'row % is another one here: the log it comes from was changed', r.number;
                    END IF;
                    CONTINUE;
                  END IF;
                  IF r.number > next THEN RAISE EXCEPTION 'row % is missing', next; END IF;
                  IF r.hash <> sha256(previous || int8send(r.number) || int8send(r.type) || int8send(r.subject)
                    || int8send(r.session) || int8send(r.process) || int8send(r.uid) || int8send(r.began)
                    || int8send(r.ended) || int8send(r.outcome) || int8send(r.status) || int8send(r.changes)
                    || int8send(r.missing) || int8send(r.target) || int8send(r.transaction_id) || int8send(r.records)
                    || r.items) OR next = 0 AND r.hash <> c
                  THEN RAISE EXCEPTION 'row %: its hash does not fit', r.number; END IF;
                  INSERT INTO vsh_audit.rows VALUES (c, r.number, r.type, r.subject, r.session, r.process, r.uid, r.began,
                    r.ended, r.outcome, r.status, r.changes, r.missing, r.target, r.transaction_id, r.records, r.items,
                    r.hash, r.clear);
                  previous := r.hash;
                  next := next + 1;
                  n := n + 1;
                END LOOP;
                RETURN n;
              END $$;
            CREATE OR REPLACE VIEW vsh_audit.log AS
              SELECT c.login, c.described->'notes'->>0 AS machine, c.described->'notes'->>2 AS user_name, r.number, r.type,
                to_timestamp(r.ended / 1e9) AS time, r.subject, r.status, r.changes, r.clear->>'command' AS command,
                r.clear->'paths' AS paths, r.clear->'notes' AS notes, r.hash, r.chain
              FROM vsh_audit.rows r JOIN vsh_audit.chains c USING (chain);
            COMMIT;
            \endif

            """#.utf8)
    }

    static func newest(_ chain: [UInt8]) -> [UInt8] {
        Array("SELECT vsh_audit.newest('\\x\(hex(chain))');\n".utf8)
    }

    static var begin: [UInt8] {
        Array(
            """
            SET client_encoding = 'UTF8';
            BEGIN;
            CREATE TEMP TABLE vsh_incoming(
              chain bytea, number bigint, type bigint, subject bigint, session bigint, process bigint, uid bigint,
              began bigint, ended bigint, outcome bigint, status bigint, changes bigint, missing bigint, target bigint,
              transaction_id bigint, records bigint, items bytea, hash bytea, clear json) ON COMMIT DROP;
            GRANT SELECT ON pg_temp.vsh_incoming TO PUBLIC;
            COPY vsh_incoming FROM STDIN;

            """.utf8)
    }

    static var end: [UInt8] { Array("\\.\nSELECT vsh_audit.accept();\nCOMMIT;\n".utf8) }

    /// A line of COPY's text format.
    static func line(_ chain: [UInt8], _ entry: AuditEntry, _ text: AuditText?) -> [UInt8] {
        var line = "\\\\x\(hex(chain))"
        for number in entry.row.numbers { line += "\t\(number)" }
        line += "\t\\\\x\(hex(entry.row.items))\t\\\\x\(hex(entry.row.hash))\t"
        var bytes = Array(line.utf8)
        if let text {
            // JSON has no newlines and tabs in it; only backslashes mean something here.
            let json = Array("{\(text.clear(entry))}".utf8)
            var index = 0
            while index < json.count {
                let byte = json[index]
                guard byte == UInt8(ascii: "\\"), index + 1 < json.count else {
                    bytes.append(byte)
                    index += 1
                    continue
                }
                // A byte that is no UTF-8 stands as a lone surrogate, which PostgreSQL does not take: \xff.
                if json[index...].starts(with: Array("\\udc".utf8)) {
                    bytes += Array("\\\\\\\\x".utf8)
                    index += 4
                } else {
                    bytes += [byte, byte, json[index + 1]]
                    if json[index + 1] == byte { bytes.append(byte) }
                    index += 2
                }
            }
        } else {
            bytes += Array("\\N".utf8)
        }
        return bytes + [10]
    }
}
