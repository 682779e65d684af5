;; Opens model.py with the configuration of the documentation, and writes what Eglot got: diagnostics and a hover.
;; -*- lexical-binding: t -*-
(require 'json)
(load (getenv "CONFIG"))
(require 'eglot)
(setq eglot-sync-connect 30)
(find-file "model.py")
(let ((server nil) (end (+ (float-time) 120)))
  (call-interactively #'eglot)
  (setq server (eglot-current-server))
  (while (and (< (float-time) end) (null (flymake-diagnostics)))
    (accept-process-output nil 0.2))
  (goto-char (point-min))
  (search-forward "self.scale")
  (backward-char 2)
  (let ((hover (jsonrpc-request server :textDocument/hover (eglot--TextDocumentPositionParams))))
    (with-temp-file (getenv "OUT")
      (insert (json-encode
               `((diagnostics . ,(vconcat (with-current-buffer "model.py"
                                            (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))))
                 (hover . ,(plist-get (plist-get hover :contents) :value))))))))
(kill-emacs)
