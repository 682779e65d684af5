;;; Emacs with lsp-mode. In init.el.  -*- lexical-binding: t -*-
;;; aotlens runs beside another server for Python.

(with-eval-after-load 'lsp-mode
  (lsp-register-custom-settings '(("aotlens.trace.run" "onSave")))
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("aotlens" "serve"))
                    :activation-fn (lsp-activate-on "python")
                    :server-id 'aotlens
                    :add-on? t
                    :notification-handlers (ht ("aotlens/status" #'ignore))
                    ;; Tracing runs the code in these folders; name your own.
                    :initialization-options '(:trusted ["~/work"]))))

;; M-x lsp starts it in a buffer with Python code. To start it by itself:
;; (add-hook 'python-mode-hook #'lsp)
